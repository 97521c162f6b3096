"""The programs that run and are watched, as `catagent watch` lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from catagent.events.codec import Program
from catagent.events.timestamps import stamp
from catagent.watch.folders import running
from catagent.watch.segments import Reader


class Found(Struct, frozen=True):
    """A program, and where its records are."""

    program: Program
    argv: tuple[str, ...]
    folder: Path
    key: str

    def is_called(self, name: str) -> bool:
        """Whether this is its number, or the name of its file, module or command."""
        return name == str(self.program.pid) or name in _names(self.argv)


def find(environ: Mapping[str, str]) -> list[Found]:
    """Return the programs that run, in the order in which they began."""
    return [_read(folder, key) for folder, key in running(environ)]


def _read(folder: Path, key: str) -> Found:
    """Read what is kept of a process: its first record of all, and where its runs begin."""
    pid, _, began = key.partition("-")
    started = stamp(datetime.fromtimestamp(int(began, 16) / 1e6, UTC), "seconds")
    argv, runs = tuple[str, ...](), set[int]()
    with closing(Reader(folder, key)) as reader:
        for record in map(_record, reader.records()):
            match record:
                case ["process", _, {"argv": [*words]}]:
                    argv = tuple(map(str, words))
                case ["start", _, number, _, {"parent": None}]:
                    runs.add(number)
    program = Program(pid=int(pid), program=" ".join(argv), started=started, runs=len(runs))
    return Found(program, argv, folder, key)


def _record(line: bytes) -> Any:
    """A record that matters here, None for any other: most of them are tokens."""
    with suppress(ValueError):
        return json.loads(line) if line.startswith((b'["process"', b'["start"')) else None


def _names(argv: tuple[str, ...]) -> set[str]:
    """What a person would call it: the path, name or stem of its first words, its module.

    A command that pip has installed is run as `python -m` its package, or as the file of its name.
    """
    words = [word for word in argv if not word.startswith("-")][:2]
    modules = [after for before, after in pairwise(argv) if before == "-m"][:1]
    paths = [Path(word) for word in (*words, *modules)]
    return {*words, *modules, *(name for p in paths for name in (p.name, p.stem))}
