"""Stops what a run has left running: threads at their next callback, orphaned tasks at once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from catagent.stop import Stop


class RunClosedError(Exception):
    """Raised into what still runs in a thread after its run was closed."""


class Closing:
    """The tasks that tools run in, and whether the run is closed.

    Once it `is_over` nobody reads what it still says: a stream that was left open, say, as the
    interpreter is torn down.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._closed = False
        self.is_over = False
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def enter(self, run_id: str) -> None:
        """Take note of the task that a tool runs in."""
        with contextlib.suppress(RuntimeError):  # no loop in a thread
            if (task := asyncio.current_task()) is not None:
                self._tasks[run_id] = task

    def leave(self, run_id: str) -> None:
        """A tool has ended."""
        self._tasks.pop(run_id, None)

    def check(self) -> None:
        """Stop here what was cancelled and did not notice.

        A thread cannot be cancelled. And until Python 3.12 `asyncio.wait_for`, through which
        LangChain reads every chunk of OpenAI's, loses a cancellation that comes with a chunk.
        """
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop in a thread
            task = None
        if task is not None and (self._closed or task.cancelling()):
            if task.cancelling():  # by `asyncio.timeout`, which knows one that it asked for alone
                task.uncancel()
            task.cancel()
        elif task is None and self._closed:
            raise RunClosedError

    async def close(self) -> None:
        """Close the run. When one of an executor's parallel tools fails, the others still run."""
        self._closed = True
        orphans = {task for task in self._tasks.values() if task is not asyncio.current_task()}
        for task in orphans:
            task.cancel()
        if orphans:
            await asyncio.wait(orphans, timeout=self._stop.patience(0.7))
        self.is_over = True
