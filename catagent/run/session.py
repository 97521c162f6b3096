"""Drives one source, from run.started to run.finished, which comes whatever happens.

Events come from the source, one `async for`, and now and then from the side (`Session.report`: a
retry that the HTTP client tells of), on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from msgspec import Struct

from catagent.errors import (
    AgentError,
    CatagentError,
    ExitCode,
    OutputError,
    RunTimeoutError,
    StepLimitError,
)
from catagent.events import summary
from catagent.events import types as ev
from catagent.events.state import RunState
from catagent.failures.classify import classify
from catagent.run.broadcast import Broadcast, SinkFailedError
from catagent.run.event_loop import PATIENCE_S
from catagent.sinks.fd_writer import StalledError
from catagent.sources.base import EventStream, Pulse
from catagent.stop import Stop

_FROM_INSIDE = AgentError(
    "The run was cancelled from inside, by the agent or one of its tools.",
    "a tool should raise an exception, or return what went wrong",
)


class Limits(Struct, kw_only=True, frozen=True):
    """How long a run may take in all, and a model may stay silent: seconds, 0 for no limit."""

    timeout: float = 0.0
    idle_timeout: float = 0.0


class Session:
    """One run, its events told to `broadcast`.

    `raised` is what ended a failed run, for whoever debugs. `pulse` tells whether a model is
    awaited; `stop` is shared with the sinks.
    """

    def __init__(
        self, broadcast: Broadcast, *, limits: Limits | None = None, stop: Stop | None = None
    ) -> None:
        self.raised: BaseException | None = None
        self.pulse = Pulse()
        self._broadcast = broadcast
        self._limits = limits or Limits()
        self._stop = stop or Stop()
        if self._limits.timeout:
            self._stop.deadline = broadcast.began + self._limits.timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[None] | None = None
        self._asked: asyncio.Future[None] | None = None

    @property
    def state(self) -> RunState:
        """What is known of the run."""
        return self._broadcast.state

    @property
    def is_due(self) -> bool:
        """Whether the run has ended, or should have."""
        return self.state.finished is not None or self._stop.is_due

    def report(self, event: ev.Event) -> None:
        """Tell an event from the side, between two of the source's."""
        try:
            self._broadcast.tell(event)
        except SinkFailedError as failure:
            self.cancel(self._lost(failure.cause))
        if isinstance(event, ev.Retry):
            self._broadcast.last += event.data.delay_s  # nothing is to be heard until then

    def cancel(self, why: CatagentError | ExitCode) -> None:
        """Stop the run: cancelled with this exit code, or failed with this error.

        Safe in a signal handler and on any thread, before the run too.
        """
        if self._stop.request(why) and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run has ended
                self._loop.call_soon_threadsafe(self._interrupt)

    def abandon(self) -> ev.RunFinished:
        """End a run whose event loop stands still, on another thread; return the last event."""
        if self._stop.is_due:
            self._stop.request(self._too_long())
        return self._end(None)

    async def drive(self, started: ev.RunStarted, source: EventStream) -> ev.RunFinished:
        """Run the source to its end; return the last event, which every sink has seen by then."""
        self._loop = asyncio.get_running_loop()
        watchdog = asyncio.create_task(self._watch())
        try:
            self._broadcast.tell(started)
            raised = await self._outcome(source)
        except SinkFailedError as failure:
            raised = failure
        finally:
            watchdog.cancel()
        return self._end(raised)

    async def _outcome(self, source: EventStream) -> BaseException | None:
        """What ended the work, None for its end. Work that will not be cancelled is left behind."""
        self._asked = asyncio.get_running_loop().create_future()
        work = self._work = asyncio.create_task(self._consume(source))
        if self._stop.why is not None:
            self._interrupt()
        try:
            await asyncio.wait((work, self._asked), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((work,), timeout=PATIENCE_S)
        except asyncio.CancelledError as cancelled:
            return cancelled
        if not work.done():
            return None
        return asyncio.CancelledError() if work.cancelled() else work.exception()

    def _interrupt(self) -> None:
        if self._work is not None and self._asked is not None and not self._asked.done():
            self._work.cancel()
            self._asked.set_result(None)

    async def _consume(self, source: EventStream) -> None:
        async with contextlib.aclosing(source):
            async for event in source:
                self._broadcast.tell(event)

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
        return time.monotonic() - max(self._broadcast.last, self.pulse.heard)

    def _too_long(self) -> RunTimeoutError:
        hint = "give it longer with --timeout SECONDS"
        return RunTimeoutError(f"The run took over {self._limits.timeout:g} s.", hint)

    def _end(self, raised: BaseException | None) -> ev.RunFinished:
        with self._broadcast.lock:
            if self.state.finished is None:
                return self._tell_end(self._account(raised))
            return self.state.finished

    def _tell_end(self, finished: ev.RunFinished) -> ev.RunFinished:
        if self.state.started is not None:
            finished.name, finished.run_id = self.state.started.name, self.state.started.run_id
        with contextlib.suppress(SinkFailedError):
            self._broadcast.tell(finished)
        told = self.state.finished or finished
        if self._broadcast.has_lost and told.data.exit_code == ExitCode.OK:
            told.data.exit_code = ExitCode.FAILED  # it was the very last line that was lost
        return told

    def _account(self, raised: BaseException | None) -> ev.RunFinished:
        """Whoever asked for the end is the reason of it, whatever the agent made of that."""
        if isinstance(raised, SinkFailedError):
            return self._stopped(self._lost(raised.cause))
        if not isinstance(raised, asyncio.CancelledError):
            self.raised = raised
        if self._stop.why is not None:
            return self._stopped(self._stop.why)
        if raised is None:
            return self._finished("success", ExitCode.OK)
        if isinstance(raised, asyncio.CancelledError):
            return self._stopped(_FROM_INSIDE)
        return self._stopped(classify(raised), type(raised).__name__)

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
                self._broadcast.tell(event)
        return self._finished(status, exit_code, error)

    def _finished(
        self, status: ev.RunStatus, exit_code: ExitCode, error: ev.ErrorInfo | None = None
    ) -> ev.RunFinished:
        if exit_code is ExitCode.OK and self._broadcast.has_lost:
            exit_code = ExitCode.FAILED
        began, first = self._broadcast.began, self._broadcast.first_token
        return ev.RunFinished(
            data=summary.finished(
                self.state,
                status,
                exit_code,
                error,
                duration_s=time.monotonic() - began,
                ttft_s=None if first is None else first - began,
            )
        )
