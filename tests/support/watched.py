"""Programs with the observer in them, watched as `catagent watch` does; and records by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import catagent
from catagent.events import types as ev
from catagent.run.watched import Watched
from tests.support.cli import environment

OBSERVER = Path(catagent.__file__).parent / "watch/observer"


class Seen:
    """A recorder that keeps every event, and when it came, in seconds since 1970."""

    required = True

    def __init__(self) -> None:
        self.events: list[ev.Event] = []
        self.times: list[float] = []

    def write(self, event: ev.Event) -> None:
        self.events.append(event)
        self.times.append(time.time())

    def close(self) -> None:
        """Nothing is held back."""

    def runs(self) -> dict[str, list[ev.Event]]:
        """The events of each root run, in the order in which they began."""
        found: dict[str, list[ev.Event]] = {}
        for event in self.events:
            found.setdefault(ev.run_of(event) or next(reversed(found)), []).append(event)
        return found


@contextlib.contextmanager
def nothing_kept(_: str) -> Iterator[list[Any]]:
    """No recorder for any run."""
    yield []


def watcher(folder: Path, seen: Seen, **options: Any) -> Watched:
    """What watches a folder, for a recorder."""
    return Watched(folder=folder, sinks=[], keep=nothing_kept, recorders=[seen], **options)


def observed(home: Path, folder: Path, **more: str) -> dict[str, str]:
    """The environment of a program that is watched."""
    env = environment(home, CATAGENT_WATCH=str(folder), **more)
    return {**env, "PYTHONPATH": f"{OBSERVER}:{env['PYTHONPATH']}"}


def private(folder: Path) -> Path:
    """A folder that nobody else may look into."""
    folder.mkdir(mode=0o700)
    return folder


def run_watched(command: Sequence[str], home: Path, exit_code: int = 0, **more: str) -> Seen:
    """Run a Python program to its end; return what was seen of it meanwhile."""
    seen, folder = Seen(), private(home / "watched")
    env = observed(home, folder, **more)
    assert asyncio.run(_run(command, watcher(folder, seen), env)) == exit_code
    assert [path.name for path in folder.iterdir()] == ["armed"]
    return seen


async def _run(command: Sequence[str], watched: Watched, env: Mapping[str, str]) -> int | None:
    ended = asyncio.Event()
    following = asyncio.create_task(watched.follow(ended.is_set))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=dict(env), stdout=PIPE, stderr=PIPE
    )
    _, errors = await process.communicate()
    ended.set()
    await following
    sys.stderr.write(errors.decode())  # pytest shows it where a test fails
    return process.returncode


def read(watched: Watched) -> None:
    """Follow until all that is there is read."""
    asyncio.run(watched.follow(lambda: True))


class Segments:
    """The records of a made-up process, written as the observer does; of this one, or of `pid`."""

    def __init__(self, folder: Path, pid: int = 0) -> None:
        self.pid = pid or os.getpid()
        self.key = f"{self.pid}-{time.time_ns() // 1000:x}"
        self.now = 1_700_000_000_000_000
        self._folder = folder
        self._number = -1
        self._runs = 0
        self._at = 0
        self.begin()

    def path(self, number: int) -> Path:
        """A segment."""
        return self._folder / f"{self.key}.{number}"

    def begin(self, size: int = 1 << 20) -> None:
        """Go on in a new segment, of this size."""
        before, self._number = self._number, self._number + 1
        self.path(self._number).write_bytes(bytes(size))
        if before >= 0:
            self._write(before, self._at, struct.pack("<I", 0xFFFFFFFF))
        self._at = 0
        about = {"pid": self.pid, "argv": ["/bin/python", "app.py"], "versions": {"langgraph": "1"}}
        self.put("process", {**about, "segment": self._number})

    def put(self, kind: str, *values: object, after: int = 1000) -> None:
        """Write a record, so many microseconds after the one before it."""
        self.now += after
        line = json.dumps([kind, self.now, *values]).encode()
        self._write(self._number, self._at + 4, line)
        self._write(self._number, self._at, struct.pack("<I", len(line)))
        self._at += 4 + len(line)

    def _write(self, number: int, at: int, data: bytes) -> None:
        with self.path(number).open("r+b") as file:
            file.seek(at)
            file.write(data)

    def start(
        self, kind: str, name: str, parent: str | None = None, **more: object
    ) -> tuple[int, str]:
        """Begin a run; return its number and its id."""
        self._runs += 1
        run_id = f"{self.key}-{self._runs}"
        about: dict[str, object] = {"id": run_id, "parent": parent, "name": name}
        about |= {"tags": [], "metadata": {}}
        self.put("start", self._runs, kind, {**about, **more})
        return self._runs, run_id

    def answer(self, *tokens: str) -> None:
        """A run of a chain with a model in it, that says this."""
        root, run_id = self.start("chain", "agent", input={"question": "where?"})
        model, _ = self.start("chat_model", "model", run_id, input=[said("human", "where?")])
        for token in tokens:
            self.put("token", model, token)
        self.put(
            "end", model, said("ai", "".join(tokens), response_metadata={"finish_reason": "stop"})
        )
        self.put("end", root, {"answer": "".join(tokens)})


def said(kind: str, text: str, **more: object) -> dict[str, Any]:
    """A message without a number."""
    return {"$m": None, "v": {"type": kind, "content": text, **more}}
