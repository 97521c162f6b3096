"""A recording as a source: the events of its lines, with their own `seq` and `ts`, at their pace.

A recording is data from anywhere: it is decoded, never obeyed. Damage ends it, with everything
before the damage already given out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path

from catagent.codec import decode, decode_header
from catagent.errors import RecordingError
from catagent.events import Event, RunFinished, Unknown
from catagent.sources.base import EventStream

_CHUNK = 1 << 16
MAX_LINE = 64 << 20  # bytes; a file without a newline must not fill the memory
_BREATH_S = 0.02
_LATE_S = 0.25


class Reader:
    """Turns bytes, as they come, into events.

    `feed` and `end` raise RecordingError at the first damage: what is no event, what comes after
    `run.finished`, and an end without one.
    """

    def __init__(self) -> None:
        self.line = 0
        self._rest: list[bytes] = []
        self._held = 0
        self._finished = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events of the lines that this chunk completes."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            yield from self._event(b"".join([*self._rest, line]))
            self._rest, self._held = [], 0
        self._rest.append(rest)
        self._held += len(rest)
        if self._held > MAX_LINE:
            raise self._damage(f"longer than {MAX_LINE >> 20} MB", self.line + 1)

    def end(self) -> Iterator[Event]:
        """Yield the event of a last line without a newline; the recording must be over then."""
        yield from self._event(b"".join(self._rest))
        if not self._finished:
            raise RecordingError(
                f"the recording is unfinished: it ends after line {self.line}, without run.finished"
                if self.line
                else "the recording is empty"
            )

    def _event(self, line: bytes) -> Iterator[Event]:
        if not line.strip():
            return
        self.line += 1
        if self.line == 1 and decode_header(line) is not None:
            return
        if self._finished:
            raise self._damage("it goes on after run.finished, and one recording holds one run")
        try:
            event = decode(line)
        except RecordingError as error:
            raise self._damage(error.message) from None
        if not isinstance(event, Unknown) and event.v != 1:
            raise self._damage(f"it is of version {event.v}, and 1 is what I read")
        self._finished = isinstance(event, RunFinished)
        yield event

    def _damage(self, what: str, line: int | None = None) -> RecordingError:
        return RecordingError(f"the recording is damaged at line {line or self.line}: {what}")


class Pace:
    """When each event is due: as recorded, `speed` times as fast, 0 for at once.

    No pause is longer than `idle_limit` seconds of recorded time. Whoever plays late (a stopped
    process, a slow pipe) goes on from there and does not hurry after.
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
        self._due += self._gap(_seconds(ts))
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


def load(path: Path) -> tuple[list[Event], RecordingError | None]:
    """Return all events of a recording, and what is wrong with it.

    Raises RecordingError where there is nothing to read.
    """
    events: list[Event] = []
    reader = Reader()
    try:
        with open_recording(path) as descriptor:
            while chunk := os.read(descriptor, _CHUNK):
                events.extend(reader.feed(chunk))
            events.extend(reader.end())
    except RecordingError as damage:
        if not events:
            raise
        return events, damage
    return events, None


@contextlib.contextmanager
def open_recording(path: Path) -> Iterator[int]:
    """Open a recording for reading. Raises RecordingError that says why it can't be."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise RecordingError(
            f"no recording at {path}", f"make one with: catagent ask --record {path} …"
        ) from None
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror}") from None
    try:
        yield descriptor
    except IsADirectoryError:
        raise RecordingError(f"{path} is a folder, not a recording") from None
    finally:
        os.close(descriptor)


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
        return os.read(descriptor, _CHUNK)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _CHUNK)


def _seconds(ts: str) -> float | None:
    try:
        return datetime.fromisoformat(ts).timestamp()
    except (ValueError, OverflowError):
        return None
