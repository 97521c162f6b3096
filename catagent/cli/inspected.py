"""Runs a command away from the terminal, and shows in the inspector what happens: `--inspect`.

The command goes on in a process that is forked off: with `-o jsonl` into a pipe, and every event.
So nothing that an agent prints tears the view, and none of its code keeps a key waiting.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import tempfile
import time
from typing import IO

import typer
from msgspec.structs import replace

from catagent.cli.asked import Asked
from catagent.cli.inspecting import Feed, require_terminal, shown
from catagent.cli.stderr import say
from catagent.errors import AgentError, CatagentError, UsageError
from catagent.events.filters import Noting
from catagent.events.types import Event, RunStarted
from catagent.recordings.reader import CHUNK, Reader
from catagent.sinks.capture import LineCutter, typed
from catagent.views.notes import short
from catagent.watch.program import Forwarding, Program

# For a command that is refused to say so, on the screen as it was. A program that is watched may
# well have no run for long.
_REFUSED_S, _IDLE_S = 10.0, 1.0
_PATIENCE_S = 10.0
_QUIET_S = 1.0  # so long nobody wonders
_MOST_SAID = 1 << 16  # bytes


def apart(asked: Asked) -> Asked:
    """Fork, and return what is asked of the child; here, raise Exit with its exit code at the end.

    Raises UsageError for what has no part in it.
    """
    given = [name for name in ("output", "json", "quiet") if asked.given.get(name)]
    for name in (*given, *asked.filters.as_dict()):
        raise UsageError(f"--{name.replace('_', '-')} has no part in --inspect, which shows all")
    require_terminal(asked)
    ours, theirs = os.pipe()
    with tempfile.TemporaryFile() as said:
        if child := os.fork():
            os.close(theirs)
            raise typer.Exit(_Seen(asked, Program(child, shares_keys=False), ours, said).show())
        os.close(ours)
        return _leave_terminal(asked, theirs, said.fileno())


class _Everything(Noting, frozen=True):
    """Keeps every event."""

    def keeps(self, event: Event) -> bool:
        super().keeps(event)
        return True


def _leave_terminal(asked: Asked, events: int, said: int) -> Asked:
    os.setsid()
    if os.isatty(0):
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(events, 1)
    os.dup2(said, 2)
    settings = replace(asked.settings, output="jsonl")
    return replace(asked, filters=_Everything(), loaded=replace(asked.loaded, settings=settings))


class _Seen:
    """A command in a child: its events come from a pipe, what else it says is in a file."""

    def __init__(self, asked: Asked, program: Program, events: int, said: IO[bytes]) -> None:
        self._asked, self._program, self._events, self._said = asked, program, events, said
        self._code: int | None = None
        self._last = ""

    def show(self) -> int:
        """Show it until the person leaves, which ends it; return its exit code."""
        import catagent.inspect.app  # noqa: F401 - takes as long as the child to begin

        left_by = 0
        try:
            patience = _REFUSED_S if "agent" in self._asked.given else _IDLE_S
            has_begun = select.select([self._events], [], [], patience)[0]
            first = os.read(self._events, CHUNK) if has_begun else b"\n"
            if first:
                left_by = shown(self._live(first), self._asked, is_live=True)
        except CatagentError as error:
            say(f"catagent: error: {error.message}", error.hint)
        finally:
            code = self._end(left_by or signal.SIGINT) if self._code is None else self._code
        self._say_rest()
        return code

    async def _live(self, chunk: bytes) -> Feed:
        """Its events as they come. Raises AgentError where it was killed."""
        reader, stream, loop = Reader(), asyncio.StreamReader(), asyncio.get_running_loop()
        pipe = os.fdopen(os.dup(self._events), "rb", 0)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        while chunk:
            events = [*reader.feed(chunk)]
            for event in events:
                self._last = event.run_id if isinstance(event, RunStarted) else self._last
            yield events
            chunk = await stream.read(CHUNK)
        self._code = self._program.wait()
        if "killed" in self._program.ended_by:
            raise AgentError(f"the process that ran this was {self._program.ended_by}")

    def _end(self, number: int) -> int:
        """Its exit code, once it has ended; this signal asks it to, and in the end it is killed."""
        deadline = time.monotonic() + _PATIENCE_S
        with Forwarding(lambda _: None) as signals:
            signals.program = self._program
            self._program.send(number)
            if not select.select([self._events], [], [], _QUIET_S)[0]:
                say(f"catagent: waits for the run to stop, at most {_PATIENCE_S:g} s")
            # Read meanwhile, so that it can write its last event.
            while select.select([self._events], [], [], max(0.0, deadline - time.monotonic()))[0]:
                if not os.read(self._events, CHUNK):
                    break
            else:
                os.killpg(self._program.pid, signal.SIGKILL)
            return self._program.wait()

    def _say_rest(self) -> None:
        """Say what it has said, the last of it, and with which command it is seen again."""
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - _MOST_SAID))
        text = self._said.read().rstrip()
        for row in LineCutter().feed(text + b"\n") if text else ():
            say(typed(row))
        again = replace(self._asked, verbose=False).again.replace("show", "inspect", 1)
        if again and self._last:
            say(f"catagent: {again.replace('{run}', short(self._last))} shows it again")
