"""Drives one source, from run.started to run.finished, which comes whatever happens.

Events come from the source, one `async for`, and now and then from the side (`Session.report`: a
retry that the HTTP client reports), on the event loop's thread.
"""

import asyncio
import contextlib
import dataclasses
import threading

from catagent.config import Settings
from catagent.errors import CatagentError, ExitCode
from catagent.events import summary
from catagent.events import types as ev
from catagent.events.timestamps import stamp
from catagent.failures.connections import silent_model
from catagent.run.broadcast import Broadcast
from catagent.run.ending import ending, lost_output, stopped, took_too_long
from catagent.sources.base import AgentRun, EventStream, Outcome, Pulse
from catagent.sources.budget import Budget
from catagent.stop import Stop

_LOOK_S = 0.25
# More than a sink takes to give up on a reader that takes nothing.
_STUCK_S = 0.3
_NO_LIMITS = Settings(idle_timeout=0.0)


class Session:
    """One run, its events emitted through `broadcast`; `settings` limit what it may take.

    `state` is what is known of it, `unreported` what went wrong with the last event itself, which
    no event can report, and `raised` what ended a failed run, for `--debug`. `pulse` says whether a
    model is awaited, and `outcome` is what the source leaves to be said of the end; `stop` is
    shared with the sinks and the source, and `budget` with the runs that this one goes on with.
    """

    def __init__(
        self,
        broadcast: Broadcast,
        *,
        settings: Settings = _NO_LIMITS,
        stop: Stop | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.state, self.unreported = broadcast.state, broadcast.unreported
        self.raised: BaseException | None = None
        self.pulse = Pulse()
        self.outcome = Outcome()
        self.stop = stop or Stop()
        self._broadcast = broadcast
        broadcast.on_failure = self._lose
        self._limits = settings
        self.budget = budget or Budget(settings.max_tokens, settings.max_cost)
        if self._limits.timeout:
            self.stop.deadline = min(self.stop.deadline, broadcast.began + self._limits.timeout)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[SystemExit | None] | None = None
        self._asked: asyncio.Future[None] | None = None

    @property
    def is_due(self) -> bool:
        """Whether the run has ended, or should have."""
        return self.state.finished is not None or self.stop.is_due

    @property
    def exit_code(self) -> ExitCode:
        """What the process is to exit with: run.finished's own, unless something is incomplete.

        A run that has not finished has failed, or ends for the reason that somebody gave.
        """
        code = ExitCode.FAILED
        if self.state.finished is not None:
            code = ExitCode(self.state.finished.data.exit_code)
        elif self.stop.why is not None:
            code = ExitCode(stopped(self.stop.why).exit_code)
        return ExitCode.FAILED if code is ExitCode.OK and self._broadcast.has_lost else code

    def attached(self, agent_run: AgentRun) -> AgentRun:
        """The same run, in touch with this session while a source runs it."""
        return dataclasses.replace(
            agent_run,
            pulse=self.pulse,
            stop=self.stop,
            outcome=self.outcome,
            budget=self.budget,
            report=self.report,
            cancel=self.cancel,
        )

    def report(self, event: ev.Event) -> None:
        """Emit an event from the side, between two of the source's."""
        self._broadcast.emit(event)
        if isinstance(event, ev.Retry):
            self.pulse.beat(event.data.delay_s)

    def cancel(self, why: CatagentError | ExitCode) -> None:
        """Stop the run: cancelled with this exit code, or failed with this error.

        Safe in a signal handler and on any thread, before the run too.
        """
        if self.stop.request(why) and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run has ended
                self._loop.call_soon_threadsafe(self._interrupt)

    def responds(self, within_s: float) -> bool:
        """Whether the event loop still does what it is given, asked on another thread.

        A run that is not on a loop, not yet or no more, does.
        """
        loop, done = self._loop, threading.Event()
        if loop is None:
            return True
        with contextlib.suppress(RuntimeError):  # it is closed
            loop.call_soon_threadsafe(done.set)
        return loop.is_closed() or done.wait(within_s) or loop.is_closed()

    def abandon(self) -> ev.RunFinished | None:
        """End a run whose event loop stands still, on another thread; return the last event.

        None where the loop is stuck in an event that is being emitted: no other can be.
        """
        if self.stop.is_due:
            self.stop.request(took_too_long(self._limits.timeout))
        if not self._broadcast.lock.acquire(timeout=_STUCK_S):
            return None
        try:
            return self._finish(None)
        finally:
            self._broadcast.lock.release()

    async def drive(self, started: ev.RunStarted, source: EventStream) -> ev.RunFinished:
        """Run the source to its end; return the last event, which every sink has seen by then."""
        self._loop = asyncio.get_running_loop()
        watch = asyncio.create_task(self._watch())
        try:
            self._broadcast.emit(started)
            raised = await self._work_through(source)
        finally:
            watch.cancel()
        return self._finish(raised)

    async def _work_through(self, source: EventStream) -> BaseException | None:
        """What ended the work, None for its end. Work that will not be cancelled is left behind."""
        self._asked = asyncio.get_running_loop().create_future()
        work = self._work = asyncio.create_task(self._consume(source))
        if self.stop.why is not None:
            self._interrupt()
        try:
            await asyncio.wait((work, self._asked), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                # More than the source leaves for its own tasks, less than all there is.
                await asyncio.wait((work,), timeout=self.stop.patience(0.8))
        except asyncio.CancelledError as cancelled:
            return cancelled
        if not work.done():
            return None
        return asyncio.CancelledError() if work.cancelled() else work.exception() or work.result()

    def _interrupt(self) -> None:
        if self._work is not None and self._asked is not None and not self._asked.done():
            self._work.cancel()
            self._asked.set_result(None)

    async def _consume(self, source: EventStream) -> SystemExit | None:
        """Emit its events; return what asyncio would leave its loop for if a task raised it."""
        try:
            async with contextlib.aclosing(source):
                async for event in source:
                    self._broadcast.emit(event)
        except SystemExit as raised:
            return raised
        return None

    async def _watch(self) -> None:
        """Stop a run that takes too long, or whose model has fallen silent."""
        total, idle = self._limits.timeout, self._limits.idle_timeout
        while total or idle:
            await asyncio.sleep(min(_LOOK_S, *(limit / 4 for limit in (total, idle) if limit)))
            if self.stop.is_due:
                return self.cancel(took_too_long(total))
            if not self.pulse.is_awaited:
                self.pulse.beat()
                continue
            last = max(self._broadcast.last, self.pulse.heard)
            if idle and self._broadcast.clock() - last >= idle:
                return self.cancel(silent_model(f"{idle:g} s"))
        return None

    def _lose(self, failure: OSError) -> None:
        """End the run, one of whose sinks has failed, unless it is to end already."""
        self.cancel(lost_output(failure, self._limits.timeout))

    def _finish(self, raised: BaseException | None) -> ev.RunFinished:
        with self._broadcast.lock:
            if self.state.finished is not None:
                return self.state.finished
            if not isinstance(raised, asyncio.CancelledError):
                self.raised = raised
            end = ending(raised, self.stop.why, self.outcome)
            if end.status != "success":
                now = stamp(self._broadcast.wall_clock())
                for event in list(summary.close_open_spans(self.state, end.error, now)):
                    self._broadcast.emit(event)
            self._account(end)
            name = "" if self.state.started is None else self.state.started.name
            finished = ev.RunFinished(name=name, data=end)
            self._broadcast.emit(finished)
            return finished

    def _account(self, end: ev.RunFinishedData) -> None:
        """Put into the end what the run came to."""
        began, first = self._broadcast.began, self._broadcast.first_token
        if end.exit_code == ExitCode.OK and self._broadcast.has_lost:
            end.exit_code = int(ExitCode.FAILED)
        end.state = self.outcome.state
        end.duration_s = round(self._broadcast.clock() - began, 6)
        end.ttft_s = None if first is None else round(first - began, 6)
        summary.add_up(end, self.state, self.budget.costs())
