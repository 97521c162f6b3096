"""Runs programs with the observer in them, and reads what it recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from catagent.watch.segments import Reader, segments

OBSERVER = Path(__file__).parents[2] / "catagent/watch/observer"
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START")

Record = list[Any]


@dataclass
class Observed:
    """A program that has ended, and the records of each process of it, by its key."""

    done: subprocess.CompletedProcess[str]
    processes: dict[str, list[Record]]

    @property
    def records(self) -> list[Record]:
        """The records of a program of one process."""
        [records] = self.processes.values()
        return records


@dataclass
class Seen:
    """A run as it was recorded."""

    start: Record
    tokens: list[str] = field(default_factory=list)
    ends: list[Record] = field(default_factory=list)

    @property
    def about(self) -> dict[str, Any]:
        """What its start says."""
        about: dict[str, Any] = self.start[4]
        return about


def environment(folder: Path | None, **more: str) -> dict[str, str]:
    """The environment of a program, watched where a folder is given."""
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(OBSERVER)}
    return environ | ({} if folder is None else {"CATAGENT_WATCH": str(folder)}) | more


def observe(
    code: str, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> Observed:
    """Run a program in a new private folder below `folder`, to its end."""
    records = folder / "records"
    records.mkdir(mode=0o700)
    program = folder / "program.py"
    program.write_text(dedent(code), encoding="utf-8")
    done = run_python(str(program), *arguments, environ=environment(records, **(environ or {})))
    return Observed(done, read(records))


def run_python(*arguments: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run this Python with an environment, to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def read(folder: Path) -> dict[str, list[Record]]:
    """The records of every process that are in a folder."""
    keys = sorted(segments(folder))
    return {key: list(map(json.loads, Reader(folder, key).records())) for key in keys}


def runs(found: list[Record]) -> list[Seen]:
    """The runs of a process whose start is known, in the order in which they began."""
    seen: dict[int, Seen] = {}
    for record in found:
        if record[0] == "start":
            seen.setdefault(record[2], Seen(record))
        run = seen.get(record[2]) if isinstance(record[2], int) else None
        if run is not None and record[0] == "token":
            run.tokens.append(record[3])
        elif run is not None and record[0] == "chunk":
            run.tokens.append(record[3]["v"].get("content", ""))
        elif run is not None and record[0] in ("end", "error"):
            run.ends.append(record)
    return list(seen.values())


def models(found: list[Record]) -> list[Seen]:
    """The runs of chat models."""
    return [run for run in runs(found) if run.start[3] == "chat_model"]


def kinds(found: list[Record]) -> list[str]:
    """The kinds of records, in order."""
    return [record[0] for record in found]
