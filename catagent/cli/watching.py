"""Starts a program and watches it: the body of `catagent watch -- COMMAND`."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from catagent.cli.asked import Asked
from catagent.cli.outputs import Outputs, opened, resolve
from catagent.cli.spans import spans
from catagent.cli.stderr import say
from catagent.errors import ExitCode
from catagent.run.recorders import recorders
from catagent.stop import Stop
from catagent.watch import folders
from catagent.watch.program import Command, Forwarding, NotStartedError, Program, variables

if TYPE_CHECKING:
    from catagent.run.watched import Watched

_TOKENS = "--tokens makes models stream that would not: usage, metadata and errors may differ"
_SHUTS_OUT = re.compile("-[a-zA-Z]*[IES]")


def launch(words: list[str], asked: Asked) -> int:
    """Run the command with the observer in it, and return the exit code: its own."""
    environ = asked.loaded.process
    try:
        command = Command.found(words, environ)
        folders.sweep(environ)
        folder = folders.new_folder(environ)
        try:
            more = variables(environ, folder, tokens=asked.tokens)
            return _launch(command._replace(environ={**environ, **more}), folder, asked)
        finally:
            folders.leave(folder)
    except NotStartedError as error:
        say(f"catagent: error: {words[0]}: {error}")
        return error.exit_code


def _launch(command: Command, folder: Path, asked: Asked) -> int:
    stop = Stop()
    if asked.tokens and not asked.quiet:
        say(f"catagent: {_TOKENS}")
    with (
        recorders("", stop, record=asked.record, force=asked.force) as recording,
        Forwarding(partial(_leave, stop)) as signals,
        spans(asked, stop) as sent,
        _begun(command, asked, stop) as (program, outputs),
    ):
        signals.program = program
        ended: Future[int] = Future()
        waiting = threading.Thread(target=lambda: ended.set_result(program.wait()), daemon=True)
        waiting.start()
        # The program runs by now: what it takes to watch it does not delay it.
        from catagent.cli.viewer import Viewer

        viewer = Viewer(asked, outputs, stop)
        followed = viewer.watch(folder, [*recording, *sent])
        _follow(followed, program, ended)
    if not asked.quiet:
        _account(folder, command.words, followed)
    return viewer.close(ended.result())


def _leave(stop: Stop, number: int) -> None:
    """The first signal after the program's end ends the reading of its records, the next all."""
    if not stop.request(ExitCode.INTERRUPTED):
        os._exit(128 + number)


@contextlib.contextmanager
def _begun(command: Command, asked: Asked, stop: Stop) -> Iterator[tuple[Program, Outputs]]:
    """Start it: on a terminal in a live view, otherwise with the descriptors that are ours.

    Without `-o` its runs are shown in no output, but reported.
    """
    if resolve(asked) == "live" and sys.stdout.isatty():
        with _on_terminal(command, asked) as begun:
            yield begun
    elif asked.settings.output == "auto":
        yield command.start(), Outputs()
    else:
        with opened(asked, stop, status=False) as outputs:
            yield command.start(), outputs


@contextlib.contextmanager
def _on_terminal(command: Command, asked: Asked) -> Iterator[tuple[Program, Outputs]]:
    from catagent.cli import pty
    from catagent.sinks.live import LiveSink

    live = LiveSink(asked.view(sys.stdout), 1, raw=True)
    program, ours = pty.start(command, live.terminal)
    live.on_resume = partial(program.send, signal.SIGCONT)
    live.status("no run yet")
    live.start()
    relay = pty.Relay(ours, live)
    relay.start()
    program.on_end = relay.finish
    try:
        yield program, Outputs([live], live, shows_errors=True)
    finally:
        live.close()


def _follow(followed: Watched, program: Program, ended: Future[int]) -> None:
    """Follow it to its end. Whatever befalls us meanwhile, the program does not feel it."""
    import asyncio

    def is_over() -> bool:
        has_ended = ended.done()
        followed.ended_by[program.number] = program.ended_by
        return has_ended

    try:
        asyncio.run(followed.follow(is_over))
    except Exception as error:
        ended.result()
        said = f"{type(error).__name__}: {error}"
        say(f"catagent: error: the program was not watched to its end: {said}")


def _account(folder: Path, words: list[str], followed: Watched) -> None:
    """Say what of the program runs on, and if no run was seen, why not."""
    left = folders.running_of(folder)
    known = [str(each.pid) for each in followed.processes if each.pid in left]
    if left:
        count = "1 process of it runs" if len(left) == 1 else f"{len(left)} processes of it run"
        how = f"watch {' or '.join(known)}" if known else "watch lists those with LangChain in them"
        say(f"catagent: {count} on: catagent {how}")
    elif not any(each.runs for each in followed.processes):
        say(f"catagent: {_why_none(folder, words, followed)}")


def _why_none(folder: Path, words: list[str], followed: Watched) -> str:
    """Why no run was seen, as far as it is known from outside."""
    if (folder / folders.FULL).exists():
        why = f"its records could not be written to {folder} (is the disk full?)"
    elif (folder / folders.WATCHED).exists():
        why = "it is watched by another catagent"
    elif followed.processes:
        why = "it began no run that was to be followed"
    elif (folder / folders.ARMED).exists():
        why = "no Python in it ran anything of LangChain's"
    elif "python" in Path(words[0]).name and any(map(_SHUTS_OUT.match, words[1:])):
        why = "Python was started with -I, -E or -S, which lets no observer in"
    else:
        why = "no Python started in it, or only with -I, -E, -S or a cleared environment"
    return f"the program ran; nothing of LangChain was seen in it, because {why}"
