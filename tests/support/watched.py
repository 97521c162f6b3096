"""Programs with the observer in them, watched as `catagent watch` does; and records by hand."""

from __future__ import annotations

import asyncio
import contextlib
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
    return Watched(folder, sinks=[], keep=nothing_kept, recorders=[seen], **options)


def observed(home: Path, folder: Path, **more: str) -> dict[str, str]:
    """The environment of a program that is watched."""
    env = environment(home, CATAGENT_WATCH=str(folder), **more)
    return {**env, "PYTHONPATH": f"{OBSERVER}:{env['PYTHONPATH']}"}


def private(folder: Path) -> Path:
    """A folder that nobody else may look into."""
    folder.mkdir(mode=0o700)
    return folder


def run_watched(command: Sequence[str], home: Path, **more: str) -> Seen:
    """Run a Python program to its end; return what was seen of it meanwhile."""
    seen, folder = Seen(), private(home / "watched")
    asyncio.run(_run(command, watcher(folder, seen), observed(home, folder, **more)))
    assert [path.name for path in folder.iterdir()] == ["armed"]
    return seen


async def _run(command: Sequence[str], watched: Watched, env: Mapping[str, str]) -> None:
    ended = asyncio.Event()
    following = asyncio.create_task(watched.follow(ended))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=dict(env), stdout=PIPE, stderr=PIPE
    )
    _, errors = await process.communicate()
    ended.set()
    await following
    assert process.returncode == 0, errors.decode()
