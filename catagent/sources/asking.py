"""Breakpoints outside of graphs, where nothing can be resumed: the run waits for a person."""

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

from catagent.sources.abandoned import current_task
from catagent.sources.base import AgentRun, to_nobody
from catagent.sources.driven import DrivenTracker, RunClosedError, StoppedError
from catagent.workarounds.callbacks import EitherWay, log_nothing_of


class AskingTracker(DrivenTracker):
    """Asks before it stops, one question after the other, and goes on if a person says so.

    What was to begin waits, in its thread or task; the event loop does not, and what else runs on
    it goes on. `on_pause` gets the run that a pause is of, and the pause, before it is asked about.
    """

    on_chain_start, on_tool_start = EitherWay("chain"), EitherWay("tool")

    def __init__(self, run: AgentRun) -> None:
        super().__init__(run)
        self.on_pause: Callable[[Any, Any], None] = to_nobody
        self._decide, self._stops = run.decide, run.breakpoints
        self._loop, self._turn = asyncio.get_running_loop(), asyncio.Lock()

    def begin_called(self, kind: str, /, *what: Any, **about: Any) -> None:
        """Begin in a thread. What is called on an event loop would block it: the run is left."""
        if current_task() is None and (asked := self._asked(kind, what, about)) is not None:
            try:
                asked.result()
            except CancelledError:
                raise RunClosedError from None
        getattr(super(), f"on_{kind}_start")(*what, **about)

    async def begin_awaited(self, kind: str, /, *what: Any, **about: Any) -> None:
        """Begin in a task, of whichever event loop."""
        if (asked := self._asked(kind, what, about)) is not None:
            await asyncio.wrap_future(asked)
        getattr(super(), f"on_{kind}_start")(*what, **about)

    def _asked(self, kind: str, what: Any, about: dict[str, Any]) -> "Future[None] | None":
        ahead = partial(getattr(self._stops, f"before_{kind}"), *what, about)
        if not ahead():
            return None
        return asyncio.run_coroutine_threadsafe(self._ask(ahead, about), self._loop)

    async def _ask(self, ahead: Callable[[], list[Any]], about: dict[str, Any]) -> None:
        """Ask of each that is still ahead when it is its turn. Raises StoppedError for a leave."""
        task: Any = asyncio.current_task()
        self._tasks[str(about["run_id"])] = task  # ends when the run does
        async with self._turn:
            for _ in range(2):  # the source goes first, which was woken for what came before
                await asyncio.sleep(0)
            while self._stops is not None and (pauses := ahead()):
                if self._decide is None:
                    raise StoppedError
                self.on_pause(self.spans.get(str(about["parent_run_id"])) or self.root, pauses[0])
                self._pulse.held = True
                is_step = await self._decide()
                self._pulse.held = False
                self._pulse.beat()
                if is_step is None:
                    self._decide = None
                else:
                    self._stops.go_on(pauses[0], step=is_step)
        self._tasks.pop(str(about["run_id"]), None)


log_nothing_of(AskingTracker)
