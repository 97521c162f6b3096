"""Joins what runs already: a program that is watched, or runs on a server; lists the programs."""

import asyncio
import shlex
import sys
from collections.abc import Callable, Container, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from catagent.cli.asked import Asked
from catagent.cli.listing import print_list
from catagent.cli.outputs import opened
from catagent.cli.spans import spans
from catagent.cli.stderr import say, write
from catagent.cli.viewer import Viewer
from catagent.errors import ExitCode, UsageError
from catagent.events.codec import Program
from catagent.events.timestamps import moment
from catagent.remote.address import Address
from catagent.run.recorders import recorders
from catagent.sinks.base import RecorderSink
from catagent.stop import Interrupts, Stop
from catagent.views.format import Row, headed, table
from catagent.views.sanitize import clean_line
from catagent.watch import folders
from catagent.watch.folders import Found, find
from catagent.watch.program import variables
from catagent.watch.segments import is_alive

Recorders = Sequence[RecorderSink]
Follow = Callable[[Viewer, Recorders], Coroutine[Any, Any, ExitCode]]


def join(name: str, asked: Asked) -> int:
    """Show the runs of a program that runs, from what is still kept of it, until it ends.

    Raises UsageError where there is none of this name, or it is not clear which one.
    """
    found = _named(name, asked.loaded.process)
    keys = {each.key for each in found}

    async def follow(viewer: Viewer, recording: Recorders) -> ExitCode:
        followed = viewer.watch(found[0].folder, recording)
        await followed.follow(lambda: not any(map(is_alive, keys)))
        return ExitCode.OK

    return _shown(asked, keys, follow)


def join_server(address: Address, asked: Asked) -> int:
    """Show what runs on a server until Ctrl-C, or one run of `--thread` until it ends.

    Raises UsageError where there is no such run, NetworkError where there is no server.
    """
    for name in ("tokens", "env"):
        if asked.given[name]:
            raise UsageError(f"--{name} is for programs, and no server has it")
    if asked.run and not asked.thread:
        raise UsageError("--run is one of a thread's", "name that, too: --thread ID")
    left: list[str] = []

    async def follow(viewer: Viewer, recording: Recorders) -> ExitCode:
        joined = viewer.join(address, recording)
        code = await joined.follow()
        left.extend(f"--thread {thread} --run {run}" for thread, run in joined.left)
        return code

    code = _shown(asked, (), follow)
    if left and not asked.quiet:
        where = shlex.quote(str(address) if address.graph else f"{address}/")
        count = "1 run goes on" if len(left) == 1 else f"{len(left)} runs go on"
        say(f"catagent: {count} there:")
        write(f"  catagent watch {where} {left[0] if len(left) == 1 else ''}\n")  # to be copied
    return code


def _shown(asked: Asked, keys: Container[str], follow: Follow) -> int:
    """Show and keep what `follow` follows, and return its exit code, or that of a signal."""
    stop = Stop()
    with (
        recorders("", stop, record=asked.record, force=asked.force) as recording,
        Interrupts(stop) as signals,
        spans(asked, stop) as sent,
        opened(asked, stop) as outputs,
    ):
        signals.rescue = outputs.rescue
        outputs.status("no run yet")
        viewer = Viewer(asked, outputs, stop, keys)
        code = asyncio.run(follow(viewer, [*recording, *sent]))
    return viewer.close(int(stop.why) if isinstance(stop.why, ExitCode) else code)


def _named(name: str, environ: Mapping[str, str]) -> list[Found]:
    """The processes of this number or name, all of one launch."""
    programs = find(environ)
    found = [each for each in programs if each.is_called(name)]
    if len({each.folder for each in found}) == 1:
        return found
    rows = "\n".join(f"  {row}" for row in listed([each.program for each in found or programs]))
    if found:
        raise UsageError(f"{name!r} are several programs:\n{rows}", "choose one by its PID")
    others = f" Those that are:\n{rows}" if programs else ""
    started = "COMMAND" if name.isdecimal() else name
    raise UsageError(
        f"no program {name!r} is watched.{others}",
        f"start one so: catagent watch -- {started}, or in a shell after "
        'eval "$(catagent watch --env)"',
    )


def print_environment(asked: Asked) -> None:
    """Print what lets the observer into what a shell starts, as its commands."""
    environ = asked.loaded.process
    folder = folders.new_folder(environ, folders.SHELL)
    for name, value in variables(environ, folder, tokens=asked.tokens).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def print_programs(asked: Asked) -> None:
    """List the programs that run and are watched: on a terminal as a table."""
    folders.sweep(asked.loaded.process)
    programs = [each.program for each in find(asked.loaded.process)]
    print_list(programs, listed(programs), json=asked.json, none="no program is watched now")


def listed(programs: Sequence[Program]) -> Iterator[str]:
    """Yield the heading and a row for each program."""
    return table(headed([*map(_row, programs)]), {"pid", "runs"})


def _row(program: Program) -> Row:
    when = moment(program.started)
    return {
        "pid": str(program.pid),
        "started": "" if when is None else f"{when:%m-%d %H:%M:%S}",
        "runs": str(program.runs),
        "program": clean_line(program.program),
    }
