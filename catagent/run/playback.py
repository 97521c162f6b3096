"""Drives a replay: like a Session, but the events keep the `seq` and `ts` that they came with."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

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


@dataclass
class Playback:
    """One replay: the state of each run by its id, and the sinks that see what `filters` keep.

    In mode `steps` they see of any recording what that mode would have emitted; the other two emit
    alike. `recorders` see every event. `damage` is what ended the recording before its time.
    """

    sinks: Sequence[Sink]
    filters: Filters
    mode: Mode | None = None
    stop: Stop = field(default_factory=Stop)
    states: defaultdict[str, RunState] = field(default_factory=lambda: defaultdict(RunState))
    recorders: Sequence[Sink] = ()
    damage: RecordingError | None = None
    _runs: Runs = field(default_factory=Runs)
    _task: asyncio.Task[object] | None = None

    def cancel(self, code: ExitCode) -> None:
        """Stop, and leave with this exit code; safe in a signal handler."""
        self.stop.request(code)
        if self._task is not None:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    async def play(self, source: EventStream) -> ExitCode:
        """Play to the end or the damage; return the exit code. Raises where a sink can't write."""
        self._task = asyncio.current_task()
        try:
            async with contextlib.aclosing(source):
                while self.stop.why is None:
                    self._take(await anext(source))
        except StopAsyncIteration:
            pass
        except RecordingError as damage:
            self.damage = damage
        except (asyncio.CancelledError, StalledError):
            if self.stop.why is None:
                raise
        return self.stop.why if isinstance(self.stop.why, ExitCode) else ExitCode.OK

    def _take(self, event: ev.Event) -> None:
        reduce(self.states[self._runs.of(event)], event)
        for recorder in self.recorders:
            recorder.write(event)
        if self.filters.keeps(event) and (self.mode != "steps" or _in_steps(event)):
            self._write(event)

    def _write(self, event: ev.Event) -> None:
        try:
            for sink in self.sinks:
                sink.write(event)
        except (BrokenPipeError, StalledError):
            raise
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror or error}") from error


def _in_steps(event: ev.Event) -> bool:
    """Whether `astream` reports it: see "The modes" in docs/events.md."""
    if isinstance(event, ev.Node):
        return event.data.kind == "custom"
    return not isinstance(event, ev.LlmToken | ev.ToolStarted | ev.ToolFinished)
