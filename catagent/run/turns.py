"""A question and all that comes of it: a run and, for as long as a person answers, the next.

A pause ends a run. Its answer is a run of its own on the same thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from catagent.config import Loaded
from catagent.errors import CatagentError, ExitCode, UsageError
from catagent.events.state import RunState
from catagent.run.answers import STEP, Asker, breakpoint_of
from catagent.run.event_loop import run as run_loop
from catagent.run.event_loop import watchdog
from catagent.run.request import Request, Resume
from catagent.sinks.base import RecorderSink, Sink
from catagent.stop import Stop
from catagent.threads.store import Threads

if TYPE_CHECKING:
    from catagent.run.runner import Run
    from catagent.run.session import Session

Keep = Callable[[str], AbstractContextManager[Sequence[RecorderSink]]]


class Turn:
    """The runs of one request, one after the other, into the same sinks and `recorders`.

    `keep` opens what each is kept in besides, by its id. One that waits is kept among `threads`;
    `ask` answers it, None where nobody does. Limits hold for all of them together, without the
    time that a person takes.
    """

    def __init__(
        self,
        request: Request,
        loaded: Loaded,
        *,
        sinks: Sequence[Sink] = (),
        recorders: Sequence[RecorderSink] = (),
        keep: Keep = lambda _: contextlib.nullcontext(()),
        threads: Threads | None = None,
        ask: Asker | None = None,
        stop: Stop | None = None,
        on_status: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.request, self.stop = request, stop or Stop()
        self.runs: list[Run] = []
        self.recorders: list[RecorderSink] = [*recorders]
        self._recorders, self._keep, self._threads = recorders, keep, threads
        self._loaded, self._sinks = loaded, sinks
        self._ask, self._on_status = ask, on_status
        self._asking: asyncio.Task[dict[str, Any] | None] | None = None

    @property
    def session(self) -> Session | None:
        """That of the run that runs now, or of the last; None before the first, and meanwhile."""
        return self.runs[-1].session if self.runs and self._asking is None else None

    @property
    def sessions(self) -> list[Session]:
        """Those of all runs, up to the last one."""
        return [run.session for run in self.runs]

    @property
    def exit_code(self) -> ExitCode:
        """What the process is to exit with: the last run's, or why it ended while it asked."""
        if self._asking is not None and isinstance(self.stop.why, ExitCode):
            return self.stop.why
        return self.runs[-1].session.exit_code if self.runs else ExitCode.WAITING

    def cancel(self, why: CatagentError | ExitCode) -> None:
        """Stop what runs, or is asked. Safe in a signal handler and on any thread."""
        if self._asking is not None:
            self.stop.request(why)
            self._asking.get_loop().call_soon_threadsafe(self._asking.cancel)
        elif (session := self.session) is not None:
            session.cancel(why)
        else:
            self.stop.request(why)

    def execute(self, leave: Callable[[], None], waiting: RunState | None = None) -> None:
        """Drive it on an event loop of its own. Signals are the caller's, see `Interrupts`.

        Where the loop stands still when a run is to end, this does not return: `leave` is called,
        on a thread, and the process ends.
        """
        with watchdog(lambda: self.session, leave):
            run_loop(self.drive(waiting), self.stop)

    async def drive(self, waiting: RunState | None = None) -> None:
        """Run to the end, or until nobody answers; from the answer on to a run that is `waiting`.

        Every sink has seen the end by then. Raises UsageError where an interpreter does not start.
        """
        state = waiting or await self._run()
        while (answers := await self._answers(state)) is not None:
            self._go_on(state, answers)
            state = await self._run()

    async def _run(self) -> RunState:
        run_id = uuid.uuid4()
        with self._keep(str(run_id)) as kept:
            self.recorders[:] = (*self._recorders, *kept)
            run = kind_of_run(self.request)(
                self.request,
                self._loaded,
                sinks=self._sinks,
                recorders=self.recorders,
                stop=self.stop,
                run_id=run_id,
                threads=self._threads,
                on_status=self._on_status,
                after=self.runs[-1] if self.runs else None,
                decide=self._decide if self._ask else None,
            )
            self.runs.append(run)
            self._asking = None
            end = await run.drive()
        run.session.budget.steps += end.data.steps
        if end.data.status == "success" and run.thread is not None:  # what failed is tried again
            Threads(run.thread.path.parent).let_go(run.thread.id)
        return run.session.state

    async def _answers(self, state: RunState) -> dict[str, Any] | None:
        """What is answered to a run that waits, None for nothing. Meanwhile no time is counted."""
        can_go_on = not self.runs or self.runs[-1].can_go_on
        waits = state.finished is not None and state.finished.data.status == "interrupted"
        if self._ask is None or not (waits and can_go_on) or self.stop.why is not None:
            return None
        with self._uncounted():
            self._asking = asyncio.ensure_future(self._ask(state.interrupts))
            with contextlib.suppress(asyncio.CancelledError):
                return await self._asking
        return None

    async def _decide(self) -> bool | None:
        """Whether to step on from where the run itself waits; None where nobody goes on."""
        with self._uncounted():
            asked = self.runs[-1].session.state.interrupts[-1:]
            answers = await self._ask(asked) if self._ask else None
            return None if answers is None else STEP in answers.values()

    @contextlib.contextmanager
    def _uncounted(self) -> Iterator[None]:
        """Count no time while a person is asked, unless the run is to end meanwhile."""
        left, self.stop.deadline = self.stop.deadline - time.monotonic(), math.inf
        yield
        self.stop.deadline = time.monotonic() + left

    def _go_on(self, state: RunState, answers: dict[str, Any]) -> None:
        """Make the request of the run that goes on."""
        if state.started is None:
            return
        stops = [each.data.id for each in state.interrupts if breakpoint_of(each.data)]
        passed = tuple(key for key in stops if key in answers)
        self.request = replace(
            self.request,
            thread=self.runs[-1].thread if self.runs else self.request.thread,
            resume=Resume(state.started.run_id, answers),
            configurable={**self.request.configurable, "thread_id": state.started.data.thread_id},
            passed=(*self.request.passed, *passed),
            step=any(answers[key] == STEP for key in passed) if passed else self.request.step,
        )


def kind_of_run(request: Request) -> type[Run]:
    """Where it runs: in our process, on a server, or in its own interpreter."""
    if request.address is not None:
        from catagent.run.served import RunServed

        return RunServed
    if request.python is None:
        from catagent.run.runner import Run

        return Run
    from catagent.run.elsewhere import RunElsewhere

    return RunElsewhere


async def undo(request: Request, loaded: Loaded) -> str:
    """Take the last turn out of the request's thread, and return its question.

    Raises UsageError where there is none, or another run goes on in it, and OutputError.
    """
    if (thread := request.thread) is None or not thread.begun:
        raise UsageError("there is nothing to take out")
    if not thread.has_checkpoints:  # the agent may keep them itself
        await kind_of_run(request)(request, loaded).undo()
    return thread.undo()
