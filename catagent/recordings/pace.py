"""A recording as a source: its events with their own `seq` and `ts`, at their own pace."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from catagent.events.timestamps import epoch
from catagent.recordings.reader import CHUNK, Reader
from catagent.sources.base import EventStream

_BREATH_S = 0.02
_LATE_S = 0.25


class Pace:
    """When each event is due: as recorded, `speed` times as fast, 0 for at once.

    No pause is longer than `idle_limit` seconds of recorded time, and no delay is made up for.
    """

    def __init__(
        self,
        speed: float = 1.0,
        idle_limit: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._speed, self._idle_limit = speed, idle_limit
        self._clock, self._sleep = clock, sleep
        self._due = self._breath = clock()
        self._last: float | None = None

    async def wait(self, ts: str) -> None:
        """Return when an event of this time is due. Lets the event loop breathe in any case."""
        self._due += self._gap(epoch(ts))
        now = self._clock()
        if now - self._due > _LATE_S:
            self._due = now
        if self._due > now:
            await self._sleep(self._due - now)
            self._breath = self._clock()
        elif now - self._breath > _BREATH_S:
            await self._sleep(0)
            self._breath = now

    def _gap(self, moment: float | None) -> float:
        last, self._last = self._last, self._last if moment is None else moment
        if not self._speed or moment is None or last is None:
            return 0.0
        gap = max(0.0, moment - last)
        if self._idle_limit is not None:
            gap = min(gap, self._idle_limit)
        return gap / self._speed


async def replay(chunks: AsyncIterator[bytes], pace: Pace) -> EventStream:
    """Yield the events of a recording at their pace. Raises RecordingError at its damage."""
    reader = Reader()
    async for chunk in chunks:
        for event in reader.feed(chunk):
            await pace.wait(event.ts)
            yield event
    for event in reader.end():
        await pace.wait(event.ts)
        yield event


async def read_chunks(descriptor: int) -> AsyncIterator[bytes]:
    """Yield what there is to read, until the end; never blocks the event loop on a pipe."""
    while chunk := await _read(descriptor):
        yield chunk


async def _read(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # a plain file, which is always ready
        return os.read(descriptor, CHUNK)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, CHUNK)
