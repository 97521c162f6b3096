"""Asks the questions of a batch, several at once on one event loop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from catagent.batch.attempts import Attempts
from catagent.batch.questions import Question
from catagent.errors import CatagentError, ExitCode
from catagent.events.result import Result
from catagent.run.ending import lost_output
from catagent.run.event_loop import on_thread, watchdog
from catagent.run.event_loop import run as run_loop
from catagent.stop import Stop

if TYPE_CHECKING:
    from catagent.run.session import Session

T = TypeVar("T")


class Batch:
    """A batch that has questions asked in runs of their own, `concurrency` of them at once.

    `take` gets each result as it ends, on the loop's thread; an OSError of it ends the batch.
    `attempts` makes the runs of a question. `counts` has how many came to what, by status, and
    `stop` why it is to end, a failure of the batch itself among it.
    """

    def __init__(
        self,
        attempts: Callable[[Question], Attempts],
        take: Callable[[Result], object],
        *,
        concurrency: int,
        stop: Stop,
    ) -> None:
        self.stop, self.counts, self.has_lost = stop, Counter[str](), False
        self._attempts, self._take, self._concurrency = attempts, take, concurrency
        self._asked: set[Attempts] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._refusal = ""
        self._is_there: bool | None = None

    @property
    def exit_code(self) -> ExitCode:
        """What the process is to exit with, where no error of the batch itself says it."""
        if isinstance(self.stop.why, ExitCode):
            return self.stop.why
        is_whole = self.counts.keys() <= {"success"} and not self.has_lost
        return ExitCode.OK if is_whole else ExitCode.FAILED

    def execute(self, questions: Iterator[Question], leave: Callable[[], None]) -> None:
        """Ask them on an event loop of its own. `leave` is what it is for a Turn."""
        with watchdog(self._due, leave):
            run_loop(self.drive(questions), self.stop)

    def _due(self) -> Session | None:
        """A run that is to end, if any is."""
        sessions = (each.session for each in tuple(self._asked)) if self.stop.why else ()
        return next(filter(None, sessions), None)

    def cancel(self, why: CatagentError | ExitCode) -> None:
        """Ask nothing more, and cancel what runs. Safe in a signal handler and on any thread."""
        if self.stop.request(why):
            for each in tuple(self._asked):
                each.cancel(why if isinstance(why, ExitCode) else ExitCode.INTERRUPTED)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._over.set)

    async def drive(self, questions: Iterator[Question]) -> None:
        """Ask until there are no more questions, or the batch is to end.

        The first alone until its agent runs: what is imported for it is imported once.
        """
        self._begun, self._over, self._turnstile = asyncio.Event(), asyncio.Event(), asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(self._work(questions))
            first.add_done_callback(lambda _: self._begun.set())
            await self._begun.wait()
            for _ in range(self._concurrency - 1):
                group.create_task(self._work(questions))

    async def _work(self, questions: Iterator[Question]) -> None:
        try:
            while (question := await self._next(questions)) is not None:
                await self._answer(question)
                self._begun.set()
        except CatagentError as error:  # an input, interpreter or recording that is of no use
            self.cancel(error)
        except OSError as error:  # of `take`
            self.cancel(lost_output(error, 0.0))

    async def _next(self, questions: Iterator[Question]) -> Question | None:
        """The next question, once there is one; nobody else is asked for one meanwhile."""
        async with self._turnstile:
            if self.stop.why is not None:
                return None
            return await self._unless_over(on_thread(lambda: next(questions, None)))

    async def _unless_over(self, awaited: Awaitable[T]) -> T | None:
        """What comes of it; None where the batch is to end first."""
        tasks = asyncio.ensure_future(awaited), asyncio.ensure_future(self._over.wait())
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        found = tasks[0].result() if tasks[0].done() else None
        for task in tasks:
            task.cancel()
        return found

    async def _answer(self, question: Question) -> None:
        """Have one question answered, as often as it takes, and hand on what it came to.

        What was cancelled with the batch has no result: it is asked again when that is resumed.
        """
        asked = self._attempts(question)
        self._asked.add(asked)
        try:
            while self.stop.why is None:
                await asked.ask(self._begun)
                if (wait := asked.wait(is_there=self._is_there)) is None:
                    break
                await self._unless_over(asyncio.sleep(wait))
        finally:
            self._asked.discard(asked)
        self.has_lost = self.has_lost or asked.has_lost
        result = asked.result()
        if self.stop.why is not None and result.status != "success":
            return
        if (error := asked.error) is not None and self._concerns_all(result, error):
            self.cancel(error)
            return
        if result.attempts and (error is None or error.kind == "network"):
            self._is_there = error is None
        self.counts[result.status] += 1
        self._take(result)

    def _concerns_all(self, result: Result, error: CatagentError) -> bool:
        """Whether a failure is of the agent, the key or the server, as far as it can be known.

        Only where nothing was answered yet. An input of the agent's own may be at fault itself,
        but not two with the same words.
        """
        if self.counts["success"] or not result.attempts:
            return False
        if error.exit_code is ExitCode.USAGE:
            before, self._refusal = self._refusal, error.message
            return isinstance(result.input, str) or before == error.message
        is_first = not self.counts and error.exit_code is ExitCode.FAILED
        return error.kind == "credentials" or (is_first and error.kind == "network")
