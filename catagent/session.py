"""Drives one source: stamps, reduces, fans out to the sinks, and always ends with run.finished.

Events come from the source, one `async for`, and now and then from the side (a retry that the
HTTP client reports): both go through `Session.emit`, on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from catagent import events as ev
from catagent import summary
from catagent.errors import CatagentError, ExitCode, SinkError, StepLimitError
from catagent.faults import classify
from catagent.filters import Filters
from catagent.sinks.base import Sink
from catagent.sources.base import EventStream
from catagent.state import RunState, reduce

WallClock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Session:
    """One run: its state, and the sinks that see its events.

    `sinks` get the events that `filters` keep, `recorders` every event. Times of day come from
    `wall_clock`; durations from the monotonic clock, which cannot go backwards.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        recorders: Sequence[Sink] = (),
        filters: Filters | None = None,
        wall_clock: WallClock = _utc_now,
    ) -> None:
        self.state = RunState()
        self._sinks = list(sinks)
        self._recorders = list(recorders)
        self._filters = filters or Filters()
        self._wall_clock = wall_clock
        self._began = time.monotonic()
        self._ttft: float | None = None
        self._seq = 0
        self._cancelled_with: ExitCode | None = None
        self._task: asyncio.Task[object] | None = None

    def emit(self, event: ev.Event) -> None:
        """Stamp the event, take it into the state, and hand it to every sink."""
        if not isinstance(event, ev.Unknown):
            event.seq, self._seq = self._seq, self._seq + 1
            event.ts = self._wall_clock().isoformat(timespec="microseconds").replace("+00:00", "Z")
        if self._ttft is None and isinstance(event, ev.LlmToken):
            self._ttft = time.monotonic() - self._began
        reduce(self.state, event)
        for recorder in self._recorders:
            recorder.write(event)
        if self._filters.keeps(event):
            for sink in self._sinks:
                _write(sink, event)

    def cancel(self, exit_code: ExitCode) -> None:
        """Stop the run; it ends with status cancelled and this exit code."""
        self._cancelled_with = exit_code
        if self._task is not None:
            self._task.cancel()

    async def drive(self, started: ev.RunStarted, source: EventStream) -> ev.RunFinished:
        """Run the source to its end and return the last event. Raises only what a sink raises."""
        self._task = asyncio.current_task()
        self.emit(started)
        finished = await self._outcome(source)
        finished.name, finished.run_id = started.name, started.run_id
        self.emit(finished)
        return finished

    async def _outcome(self, source: EventStream) -> ev.RunFinished:
        try:
            await self._consume(source)
        except asyncio.CancelledError:
            if self._cancelled_with is None:
                raise
            return self._broken_off("cancelled", self._cancelled_with, _interruption())
        except SinkError:
            raise
        except Exception as raised:
            error = classify(raised)
            status: ev.RunStatus = "limit" if isinstance(error, StepLimitError) else "error"
            return self._broken_off(status, error.exit_code, describe(error, raised))
        return self._finished("success", ExitCode.OK)

    async def _consume(self, source: EventStream) -> None:
        async with contextlib.aclosing(source):
            async for event in source:
                self.emit(event)

    def _broken_off(
        self, status: ev.RunStatus, exit_code: ExitCode, error: ev.ErrorInfo
    ) -> ev.RunFinished:
        for event in summary.close_open_spans(self.state, error):
            self.emit(event)
        return self._finished(status, exit_code, error)

    def _finished(
        self, status: ev.RunStatus, exit_code: ExitCode, error: ev.ErrorInfo | None = None
    ) -> ev.RunFinished:
        used = summary.models(self.state)
        answer = self.state.answer
        data = ev.RunFinishedData(
            status=status,
            exit_code=int(exit_code),
            output=answer.output if answer else None,
            error=error,
            steps=summary.steps(self.state),
            duration_s=round(time.monotonic() - self._began, 6),
            ttft_s=None if self._ttft is None else round(self._ttft, 6),
            usage=summary.total(used),
            models=used,
        )
        return ev.RunFinished(data=data)


def _write(sink: Sink, event: ev.Event) -> None:
    """A broken stdout must not pass for a network error of the model's: both are OSErrors."""
    try:
        sink.write(event)
    except OSError as error:
        raise SinkError(error) from error


def _interruption() -> ev.ErrorInfo:
    return ev.ErrorInfo(kind="user", type="Interrupted", message="The run was interrupted.")


def describe(error: CatagentError, raised: BaseException) -> ev.ErrorInfo:
    """The error as an event tells it; `raised` is the exception that it was made from."""
    return ev.ErrorInfo(
        kind=error.kind, type=type(raised).__name__, message=error.message, hint=error.hint
    )
