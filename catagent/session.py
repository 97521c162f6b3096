"""Drives one source: stamps, reduces, fans out to the sinks, and always ends with run.finished.

Events come from the source, one `async for`, and now and then from the side (`Session.report`: a
retry that the HTTP client tells of), on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from catagent import events as ev
from catagent import summary
from catagent.errors import (
    AgentError,
    CatagentError,
    ExitCode,
    OutputError,
    RunTimeoutError,
    StepLimitError,
)
from catagent.faults import classify
from catagent.filters import Filters
from catagent.pulse import Pulse
from catagent.sinks.base import RecorderSink, Sink
from catagent.sinks.descriptor import StalledError
from catagent.sources.base import EventStream
from catagent.state import RunState, reduce
from catagent.stop import Stop
from catagent.timestamps import stamp

WallClock = Callable[[], datetime]
# What is to be told in the place of an event: itself without secrets, nothing yet, or more.
Mask = Callable[[ev.Event], Sequence[ev.Event]]


def _as_it_is(event: ev.Event) -> Sequence[ev.Event]:
    return (event,)


def _utc_now() -> datetime:
    return datetime.now(UTC)


# asyncio lets SystemExit through every task and then cancels the rest of them, us included.
_FROM_INSIDE = AgentError(
    "The run was ended from inside: the agent or one of its tools called sys.exit.",
    "a tool should raise an exception, or return what went wrong",
)


class Limits(Struct, kw_only=True, frozen=True):
    """How long a run may take in all, and a model may stay silent: seconds, 0 for no limit."""

    timeout: float = 0.0
    idle_timeout: float = 0.0


class SinkFailedError(Exception):
    """A sink's stream failed while the run went on. An OSError of ours, not one of the model's."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Session:
    """One run: its state, and the sinks that see its events.

    `sinks` get the events that `filters` keep, and the run stops when one of them fails;
    `recorders` get every event, and one that fails is let go with a warning. `raised` is what
    ended a failed run, for whoever debugs. `pulse` tells whether a model is awaited, `stop` is
    shared with the sinks. Times of day come from `wall_clock`, durations from the monotonic
    clock, which cannot go backwards.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        recorders: Sequence[RecorderSink] = (),
        filters: Filters | None = None,
        mask: Mask = _as_it_is,
        limits: Limits | None = None,
        stop: Stop | None = None,
        wall_clock: WallClock = _utc_now,
    ) -> None:
        self.state = RunState()
        self.raised: BaseException | None = None
        self.pulse = Pulse()
        self._sinks = list(sinks)
        self._recorders = list(recorders)
        self._filters = filters or Filters()
        self._mask = mask
        self._limits = limits or Limits()
        self._wall_clock = wall_clock
        self._began = self._last_event = time.monotonic()
        self._ttft: float | None = None
        self._seq = 0
        self._lost_recorder = False
        self._stop = stop or Stop()
        if self._limits.timeout:
            self._stop.deadline = self._began + self._limits.timeout
        self._task: asyncio.Task[object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def report(self, event: ev.Event) -> None:
        """Take an event from the side, between two of the source's; none once the run has ended."""
        if self.state.finished is not None:
            return
        try:
            self._emit(event)
        except SinkFailedError as failure:
            self.cancel(self._lost(failure.cause))

    def _emit(self, event: ev.Event) -> None:
        """Mask the event, stamp it, take it into the state, hand it to every recorder and sink."""
        for masked in self._mask(event):
            self._tell(masked)

    def _tell(self, event: ev.Event) -> None:
        self._stamp(event)
        reduce(self.state, event)
        lost = [failed for recorder in self._recorders if (failed := _record(recorder, event))]
        # All of them first: the warning about one must not meet another that has failed.
        for recorder, _ in lost:
            self._recorders.remove(recorder)
        if self._filters.keeps(event):
            for sink in tuple(self._sinks):
                self._write(sink, event)
        for recorder, error in lost:
            self._warn_of_loss(recorder, error)

    def cancel(self, why: CatagentError | ExitCode) -> None:
        """Stop the run: cancelled with this exit code, or failed with this error.

        Safe in a signal handler and on any thread, before the run too.
        """
        if self._stop.request(why) and self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run has ended
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def drive(self, started: ev.RunStarted, source: EventStream) -> ev.RunFinished:
        """Run the source to its end; return the last event, which every sink has seen by then."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        watchdog = asyncio.create_task(self._watch())
        try:
            finished = await self._outcome(started, source)
        finally:
            watchdog.cancel()
        finished.name, finished.run_id = started.name, started.run_id
        with contextlib.suppress(SinkFailedError):
            self._emit(finished)
        if self._lost_recorder and finished.data.exit_code == ExitCode.OK:
            finished.data.exit_code = ExitCode.FAILED  # it was the very last line that was lost
        return finished

    def _stamp(self, event: ev.Event) -> None:
        self._last_event = time.monotonic()
        if isinstance(event, ev.Unknown):
            return
        event.seq, self._seq = self._seq, self._seq + 1
        event.ts = stamp(self._wall_clock())
        if self._ttft is None and isinstance(event, ev.LlmToken):
            self._ttft = self._last_event - self._began

    def _warn_of_loss(self, recorder: RecorderSink, error: OSError) -> None:
        self._lost_recorder = self._lost_recorder or recorder.required
        if self.state.finished is not None:
            return  # nothing comes after run.finished
        what = "The recording" if recorder.required else "The history of this run"
        message = f"{what} broke off: {error.strerror or error}."
        hint = "the run goes on" + "; its exit code will tell" * recorder.required
        data = ev.WarningData(code="recording_failed", message=message, hint=hint)
        self._emit(ev.Warned(data=data))

    def _write(self, sink: Sink, event: ev.Event) -> None:
        try:
            sink.write(event)
        except OSError as error:
            self._sinks.remove(sink)
            raise SinkFailedError(error) from error

    async def _outcome(self, started: ev.RunStarted, source: EventStream) -> ev.RunFinished:
        """Whoever asked for the end is the reason of it, whatever the agent made of that."""
        try:
            self._emit(started)
            if self._stop.why is None:
                await self._consume(source)
        except SinkFailedError as failure:
            return self._stopped(self._lost(failure.cause))
        except asyncio.CancelledError:
            return self._stopped(self._stop.why or _FROM_INSIDE)
        except Exception as raised:
            self.raised = raised
            return self._stopped(self._stop.why or classify(raised), type(raised).__name__)
        if self._stop.why is not None:
            return self._stopped(self._stop.why)
        return self._finished("success", ExitCode.OK)

    async def _consume(self, source: EventStream) -> None:
        async with contextlib.aclosing(source):
            async for event in source:
                self._emit(event)

    async def _watch(self) -> None:
        """Stop a run that takes too long, or whose model has fallen silent."""
        total, idle = self._limits.timeout, self._limits.idle_timeout
        while total or idle:
            await asyncio.sleep(min(0.25, *(limit / 4 for limit in (total, idle) if limit)))
            if self._stop.is_due:
                return self.cancel(self._too_long())
            if idle and self.pulse.awaited and self._silence() >= idle:
                hint = "is the server overloaded? wait longer with --idle-timeout SECONDS"
                return self.cancel(RunTimeoutError(f"The model was silent for {idle:g} s.", hint))
        return None

    def _silence(self) -> float:
        return time.monotonic() - max(self._last_event, self.pulse.heard)

    def _too_long(self) -> RunTimeoutError:
        hint = "give it longer with --timeout SECONDS"
        return RunTimeoutError(f"The run took over {self._limits.timeout:g} s.", hint)

    def _lost(self, cause: OSError) -> CatagentError | ExitCode:
        """Why a run ends whose output cannot be written. A reader that left is no error."""
        if isinstance(cause, BrokenPipeError):
            return ExitCode.BROKEN_PIPE
        if isinstance(cause, StalledError):
            return self._stop.why or self._too_long()
        return OutputError(f"Cannot write the output: {cause.strerror or cause}.")

    def _stopped(self, why: CatagentError | ExitCode, type_name: str = "") -> ev.RunFinished:
        if isinstance(why, CatagentError):
            return self._failed(why, type_name or type(why).__name__)
        left = why is ExitCode.BROKEN_PIPE
        info = ev.ErrorInfo(
            kind="user",
            type="BrokenPipeError" if left else "Interrupted",
            message="The reader left." if left else "The run was interrupted.",
        )
        return self._broken_off("cancelled", why, info)

    def _failed(self, error: CatagentError, type_name: str) -> ev.RunFinished:
        status: ev.RunStatus = "limit" if isinstance(error, StepLimitError) else "error"
        info = ev.ErrorInfo(kind=error.kind, type=type_name, message=error.message, hint=error.hint)
        return self._broken_off(status, error.exit_code, info)

    def _broken_off(
        self, status: ev.RunStatus, exit_code: ExitCode, error: ev.ErrorInfo
    ) -> ev.RunFinished:
        with contextlib.suppress(SinkFailedError):
            for event in list(summary.close_open_spans(self.state, error)):
                self._emit(event)
        return self._finished(status, exit_code, error)

    def _finished(
        self, status: ev.RunStatus, exit_code: ExitCode, error: ev.ErrorInfo | None = None
    ) -> ev.RunFinished:
        if exit_code is ExitCode.OK and self._lost_recorder:
            exit_code = ExitCode.FAILED
        duration = time.monotonic() - self._began
        return ev.RunFinished(
            data=summary.finished(
                self.state, status, exit_code, error, duration_s=duration, ttft_s=self._ttft
            )
        )


def _record(recorder: RecorderSink, event: ev.Event) -> tuple[RecorderSink, OSError] | None:
    try:
        recorder.write(event)
    except OSError as error:
        return recorder, error
    return None
