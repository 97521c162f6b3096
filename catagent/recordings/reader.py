"""Recordings: a header, then the events of a run or more, a line each; data from anywhere.

Damage ends one, with everything before it given out. It may hold what is a secret here.
"""

import codecs
import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from catagent import platforms
from catagent.config import secrets_of
from catagent.errors import RecordingError
from catagent.events.codec import decode, decode_header
from catagent.events.masking import EventMask
from catagent.events.types import Event, LlmToken, RunFinished, RunStarted, Unknown, run_of
from catagent.recordings.call_keys import CallKeys

CHUNK = 1 << 16
_NAMES_CALLS = b'"call":'  # every line of a run whose calls have keys does; none did before
MAX_LINE = 64 << 20  # bytes; a file without a newline must not fill the memory

_NAMED = 5  # runs in a message


class Runs:
    """Which run each event belongs to, asked in order; one that names none, to that before it.

    `open` are the runs that have not finished, in order of their starts.
    """

    def __init__(self) -> None:
        self.open: dict[str, None] = {}
        self.finished: set[str] = set()
        self._current = ""

    def of(self, event: Event) -> str:
        """Return the id of the event's run. Raises RecordingError where that is over already."""
        run = run_of(event)
        if run not in self.open:
            run = self._enter(run, isinstance(event, RunStarted))
        self._current = run
        if isinstance(event, RunFinished):
            del self.open[run]
            self.finished.add(run)
        return run

    def _enter(self, run: str, starts: bool) -> str:
        if run in self.finished or not (starts or run or self.open or not self.finished):
            raise RecordingError(f"run {run or self._current} goes on after run.finished")
        if self.open and not starts:
            return self._current if self._current in self.open else next(reversed(self.open))
        self.open.pop("", None)  # what came before the start is of this run too
        self.open[run] = None
        return run


def by_run(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Return the events of each run by its id, in order of their starts."""
    runs, found = Runs(), dict[str, list[Event]]()
    for event in events:
        found.setdefault(runs.of(event), []).append(event)
    return found


class Reader:
    """Turns bytes, as they come, into events, without the secrets of who reads them.

    Runs that were recorded before calls had keys get theirs here. `feed` and `end` raise
    RecordingError at the first damage, an end without run.finished too.
    """

    def __init__(self) -> None:
        self.line = 0
        self._rest = bytearray()
        self._runs = Runs()
        # Of each run that is open: what gives its calls keys, None where they have some, and the
        # last `seq`.
        self._keys: dict[str, CallKeys | None] = {}
        self._seq: defaultdict[str, int] = defaultdict(int)
        self._mask = EventMask(secrets_of())

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events of the lines that this chunk completes."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            whole = bytes(self._rest + line) if self._rest else line
            self._rest.clear()
            yield from self._event(whole)
        self._rest += rest
        if len(self._rest) > MAX_LINE:
            raise self._damage(f"longer than {MAX_LINE >> 20} MB", self.line + 1)

    def end(self) -> Iterator[Event]:
        """Yield the event of a last line without a newline; the recording must be over then."""
        yield from self._event(bytes(self._rest))
        if self._runs.open or not self._runs.finished:
            raise RecordingError(self._unfinished())

    def _unfinished(self) -> str:
        if not self.line:
            return "the recording is empty"
        runs = ", ".join(islice(self._runs.open, _NAMED))
        more = ", …" if len(self._runs.open) > _NAMED else ""
        which = f" of {runs}{more}" if self._runs.finished else ""
        ends = f"it ends after line {self.line}, without run.finished{which}"
        return f"the recording is unfinished: {ends}"

    def _event(self, line: bytes) -> Iterator[Event]:
        if not line.strip():
            return
        self.line += 1
        if self.line == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        event = self._read(line)
        if event is None:
            return
        try:
            run = self._runs.of(event)
        except RecordingError as error:
            raise self._damage(error.message) from None
        if run not in self._keys:
            self._keys[run] = None if _NAMES_CALLS in line else CallKeys()
        if (keys := self._keys[run]) is not None:
            keys(event)
        yield from self._masked(event, run)
        if isinstance(event, RunFinished):
            del self._keys[run], self._seq[run]

    def _read(self, line: bytes) -> Event | None:
        """The event of a line; None for a header, of which several files put together have more."""
        try:
            event = decode(line)
        except RecordingError as error:
            raise self._damage(error.message) from None
        if isinstance(event, Unknown):
            is_header = event.type == "recording" and decode_header(line) is not None
            return None if is_header else event
        if event.v != 1:
            raise self._damage(f"it is of version {event.v}, and 1 is what I read")
        return event

    def _masked(self, event: Event, run: str) -> Iterator[Event]:
        seq, ts = event.seq, event.ts
        for masked in self._mask(event):
            if masked is not event and isinstance(masked, LlmToken):
                # The end of a stream, held back until now, under the number that it left free.
                masked.seq, masked.ts = (seq - 1 if self._seq[run] < seq - 1 else seq), ts
            self._seq[run] = masked.seq
            yield masked

    def _damage(self, what: str, line: int | None = None) -> RecordingError:
        return RecordingError(f"the recording is damaged at line {line or self.line}: {what}")


def read(path: str | os.PathLike[str]) -> Iterator[Event]:
    """Yield the events of a recording. Raises RecordingError, at damage after the events before."""
    return read_from(Path(path))


def read_from(place: Path | int) -> Iterator[Event]:
    """The same, also of what is open already."""
    reader = Reader()
    with open_recording(place) as descriptor:
        while chunk := os.read(descriptor, CHUNK):
            yield from reader.feed(chunk)
        yield from reader.end()


@contextlib.contextmanager
def open_recording(path: Path | int) -> Iterator[int]:
    """Open a recording for reading, or one more time. Raises RecordingError that says why not."""
    try:
        if isinstance(path, int):
            descriptor = os.dup(path)
        else:
            descriptor = os.open(path, os.O_RDONLY | platforms.FILE)
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
