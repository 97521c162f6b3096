"""Recordings: a header, then the events of one run, a line each. Read here, written by a sink.

A recording is data from anywhere: it is decoded, never obeyed. Damage ends it, with everything
before the damage already given out. One that was made elsewhere may hold what is a secret here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from catagent.config import secrets_of
from catagent.errors import RecordingError
from catagent.events.codec import decode, decode_header
from catagent.events.masking import EventMask
from catagent.events.types import Event, LlmToken, RunFinished, Unknown

CHUNK = 1 << 16
MAX_LINE = 64 << 20  # bytes; a file without a newline must not fill the memory


class Reader:
    """Turns bytes, as they come, into events, without the secrets of who reads them.

    `feed` and `end` raise RecordingError at the first damage: what is not an event, what comes
    after `run.finished`, and an end without one.
    """

    def __init__(self) -> None:
        self.line = 0
        self._rest: list[bytes] = []
        self._held = 0
        self._finished = False
        self._mask = EventMask(secrets_of())
        self._seq = 0

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
        yield from self._masked(event)

    def _masked(self, event: Event) -> Iterator[Event]:
        seq, ts = event.seq, event.ts
        for masked in self._mask(event):
            if masked is not event and isinstance(masked, LlmToken):
                # The end of a stream, held back until now, under the number that it left free.
                masked.seq, masked.ts = (seq - 1 if self._seq < seq - 1 else seq), ts
            self._seq = masked.seq
            yield masked

    def _damage(self, what: str, line: int | None = None) -> RecordingError:
        return RecordingError(f"the recording is damaged at line {line or self.line}: {what}")


def read_recording(path: Path) -> tuple[list[Event], RecordingError | None]:
    """Return all events of a recording, and what is wrong with it.

    Raises RecordingError where there is nothing to read.
    """
    events: list[Event] = []
    reader = Reader()
    try:
        with open_recording(path) as descriptor:
            while chunk := os.read(descriptor, CHUNK):
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
