"""What is recorded of a process: its runs, a record for each thing that LangChain reports."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from _catagent_observer.segments import Writer
from _catagent_observer.values import Encoder, dumps

# Left in the folder where there was no room for records, so that whoever watches knows.
FULL = "full"
_MOST = 16 << 20
_MOST_OPEN = 10_000
_TRY_AGAIN_S = 1.0
_PACKAGES = ("langchain", "langchain-core", "langgraph", "langchain-openai")
_SHORTEST_SECRET = 8
# As in catagent's variables.sounds_secret.
_SECRET = re.compile(
    r"(?!(OLD)?PWD$|.*_AUTH_(SOCK|TYPE|MODE|METHOD)$)"
    r".*(KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|_PASS"
    r"|(?<![A-Z])(PWD|AUTH|AUTHORIZATION|PAT|PRIVATE)(?![A-Z]))"
)


class Run:
    """A LangChain run that is open.

    `is_whole` is whether its input and output are recorded, `begun` its start for a new segment,
    and `metadata` that of the last chunk that was recorded whole. `copies` is how often LangChain
    reports each thing of it: more than once where a program hands callbacks on by hand.
    """

    __slots__ = ("begun", "copies", "is_whole", "metadata", "number", "said")

    def __init__(self, number: int, begun: str, *, is_whole: bool) -> None:
        self.number, self.begun, self.is_whole = number, begun, is_whole
        self.copies, self.said = 1, 0
        self.metadata: Any = None

    def is_said_first(self) -> bool:
        """Whether this is the first of the times that one thing is reported."""
        self.said = (self.said + 1) % self.copies
        return self.copies == 1 or self.said == 1


class Recorder:
    """Writes the records of this process, and of each that it forks into files of its own.

    A record that cannot be made or written is given up, and counted in `lost`.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        # Reentrant: a signal handler may come in while its own thread has it.
        self._lock, self._is_busy = threading.RLock(), False
        self._writer, self._encoder = Writer(self._folder), Encoder()
        self._numbers = itertools.count(1)
        self._secrets: dict[str, str] = {}
        self._full_until = 0.0
        self.runs: dict[Any, Run] = {}
        self.lost = self._reported = 0

    def begin(self) -> None:
        """Say once that there is this process, so that it can be found while it waits."""
        with self._lock, contextlib.suppress(Exception):
            if self._writer.number < 0:
                self._go_on()

    def token(self, run: Run, text: str) -> None:
        """Record a piece of text that a model streams."""
        record = f'["token",{_now()},{run.number},{quoted(text)}]'
        self._write(lambda: record)

    def record(self, kind: str, run: Run, *values: Any) -> None:
        """Record anything else of a run, with these values at the end."""
        moment = _now()
        encoded = self._encoder.chunk if kind == "chunk" else self._encoder.value

        self._write(lambda: dumps([kind, moment, run.number, *map(encoded, values)]))

    def start(self, run_id: Any, kind: str, about: dict[str, Any], content: dict[str, Any]) -> None:
        """Record that a run began; `about` is plain and short, and repeated in a new segment."""
        number, encoder = next(self._numbers), self._encoder
        head = f'["start",{_now()},{number},"{kind}",{dumps(about)[:-1]}'

        def make() -> str:
            encode = encoder.prompt if kind == "chat_model" else encoder.value
            made = {
                name: (encode if name == "input" else encoder.value)(value)
                for name, value in content.items()
            }
            return head + "," * bool(made) + dumps(made)[1:] + "]"

        self._write(make)
        self.runs[run_id] = Run(number, head + ',"again":true}]', is_whole="input" in content)
        if len(self.runs) > _MOST_OPEN:  # some never end: abandoned generators, cancelled tasks
            self.runs.pop(next(iter(self.runs)), None)

    def report_secrets(self) -> None:
        """Record what must not be shown, where that has changed since it was."""
        found = _secrets()
        if found != self._secrets and self._writer.number >= 0:
            self._secrets = found
            record = dumps(["secrets", _now(), found])
            self._write(lambda: record)

    def _write(self, make: Callable[[], str]) -> None:
        with self._lock:
            if self._is_busy or (self._full_until and time.monotonic() < self._full_until):
                self.lost += 1
                return
            self._is_busy = True
            try:
                self._encoder.begin()
                if not self._writer.append(make().encode()):
                    self._encoder.forget()
                    self._go_on(make().encode())
                if self.lost != self._reported:
                    self._report_lost()
            except Exception:
                self._encoder.forget()
                self.lost += 1
            finally:
                self._is_busy = False

    def _go_on(self, *record: bytes) -> None:
        """Begin a segment, with what a reader needs that has read none before."""
        if len(b"".join(record)) > _MOST:
            raise ValueError("a record that is too long")
        records = [*map(str.encode, self._header()), *record]
        try:
            self._writer.go_on(sum(len(each) + 4 for each in records))
        except OSError:
            self._full_until = time.monotonic() + _TRY_AGAIN_S
            os.close(os.open(f"{self._folder}/{FULL}", os.O_CREAT | os.O_WRONLY, 0o600))
            self._report_lost()
            raise
        self._full_until = 0.0
        for each in records:
            self._writer.append(each)
        if self.lost or self._writer.lost:
            self._report_lost()

    def _header(self) -> Iterator[str]:
        self._secrets = _secrets()
        argv = list(getattr(sys, "orig_argv", sys.argv))
        about = {"pid": os.getpid(), "argv": argv, "versions": _versions()}
        yield dumps(["process", _now(), {**about, "segment": self._writer.number + 1}])
        yield dumps(["secrets", _now(), self._secrets])
        yield from [run.begun for run in list(self.runs.values())]

    def _report_lost(self) -> None:
        lost = {"segments": self._writer.lost, "records": self.lost}
        self._writer.append(dumps(["lost", _now(), lost]).encode(), spare=4)
        self._reported = self.lost


@functools.lru_cache(maxsize=None)
def recorder_of(folder: str) -> Recorder:
    """Return the recorder of this process for a folder, the same one every time."""
    return Recorder(folder)


def _now() -> int:
    return time.time_ns() // 1000


@functools.lru_cache(maxsize=None)
def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _secrets() -> dict[str, str]:
    """The variables that are named like secrets."""
    names = [name for name in list(os.environ) if _SECRET.match(name.upper())]
    found = {name: os.environ.get(name, "") for name in names}
    return {name: value for name, value in found.items() if len(value) >= _SHORTEST_SECRET}
