"""The events of a run for whoever asks for them, one by one: a session as an async generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from catagent.errors import ExitCode
from catagent.events.types import Event
from catagent.run.session import Session


class Pull:
    """A sink that holds what its session emitted until somebody takes it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()

    def write(self, event: Event) -> None:
        """Take one event."""
        self._queue.put_nowait(event)

    def close(self) -> None:
        """Nothing more is to come."""
        self._queue.put_nowait(None)

    async def taken(self) -> None:
        """Wait until whoever asks for events has come back for more than there is."""
        await self._queue.join()

    async def events(
        self, session: Session, drive: Callable[[], Coroutine[Any, Any, object]]
    ) -> AsyncGenerator[Event, None]:
        """Drive the session, of which this is a sink, and yield its events; cancel it if closed."""
        driving = asyncio.create_task(drive())
        driving.add_done_callback(lambda _: self.close())
        try:
            while (event := await self._queue.get()) is not None:
                yield event
                self._queue.task_done()
            await driving
        finally:
            if not driving.done():
                session.cancel(ExitCode.INTERRUPTED)
                await asyncio.wait((driving,))
