"""Drives a replay: like a Session, but the events keep the `seq` and `ts` that they came with."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence

from catagent.config import Mode
from catagent.errors import ExitCode, OutputError, RecordingError
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.events.state import RunState, reduce
from catagent.recordings.reader import Runs
from catagent.sinks.base import Sink
from catagent.sinks.fd_writer import StalledError
from catagent.sources.base import EventStream
from catagent.stop import Stop


class Playback:
    """One replay: the state of each run by its id, and the sinks that see what `filters` keep.

    In mode `steps` they see of any recording what that mode would have emitted; the other two emit
    alike. `damage` is what ended the recording before its time.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        filters: Filters,
        mode: Mode | None = None,
        stop: Stop | None = None,
    ) -> None:
        self.states: defaultdict[str, RunState] = defaultdict(RunState)
        self.damage: RecordingError | None = None
        self._runs = Runs()
        self._sinks = list(sinks)
        self._filters = filters
        self._only_steps = mode == "steps"
        self._stop = stop or Stop()
        self._task: asyncio.Task[object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def cancel(self, code: ExitCode) -> None:
        """Stop, and leave with this exit code; safe in a signal handler."""
        self._stop.request(code)
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def play(self, source: EventStream) -> ExitCode:
        """Play to the end or the damage; return the exit code. Raises where a sink can't write."""
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        try:
            if self._stop.why is None:
                await self._consume(source)
        except RecordingError as damage:
            self.damage = damage
        except (asyncio.CancelledError, StalledError):
            if self._stop.why is None:
                raise
        return self._stop.why if isinstance(self._stop.why, ExitCode) else ExitCode.OK

    async def _consume(self, source: EventStream) -> None:
        async with contextlib.aclosing(source):
            async for event in source:
                if self._stop.why is not None:
                    return
                reduce(self.states[self._runs.of(event)], event)
                if self._filters.keeps(event) and not (self._only_steps and _not_in_steps(event)):
                    self._write(event)

    def _write(self, event: ev.Event) -> None:
        try:
            for sink in self._sinks:
                sink.write(event)
        except (BrokenPipeError, StalledError):
            raise
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror or error}") from error


def _not_in_steps(event: ev.Event) -> bool:
    """Whether `astream` does not report it: see "The modes" in docs/events.md."""
    if isinstance(event, ev.Node):
        return event.data.kind != "custom"
    return isinstance(event, ev.LlmToken | ev.ToolStarted | ev.ToolFinished)
