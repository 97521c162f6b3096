"""Where the programs that are watched leave their records: made, checked, listed and swept.

There is a folder for each launch, `PID-HEX` after its viewer, and one for those of shells.
"""

import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from catagent import private
from catagent.errors import OutputError
from catagent.events.codec import Program
from catagent.events.timestamps import stamp
from catagent.watch.segments import Reader, is_alive, remove, segments

SHELL = "shell"
"""The folder for the programs of shells, which no `catagent watch` has started."""
# Empty files in a folder: the observer leaves the first two, another catagent in it the last.
ARMED, FULL, WATCHED = "armed", "full", "watched"
_LAUNCH = re.compile("[0-9]+-[0-9a-f]+")


class Found(Struct, frozen=True):
    """A program, and where its records are."""

    program: Program
    argv: tuple[str, ...]
    folder: Path
    key: str

    def is_called(self, name: str) -> bool:
        """Whether this is its number, or the name of its file, module or command."""
        return name == str(self.program.pid) or name in _names(self.argv)


def new_folder(environ: Mapping[str, str], name: str = "") -> Path:
    """Make the folder for one launch, or that of this name, and return it.

    Raises OutputError where it cannot be made, or is not the user's alone.
    """
    base = _base(environ)
    folder = base / (name or f"{os.getpid()}-{time.time_ns() // 1000:x}")
    try:
        for path in (base, folder):
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
            private.check(path)
    except OSError as error:
        raise OutputError(f"cannot make {folder}: {error.strerror}") from error
    outer = Path(environ.get("CATAGENT_WATCH", ""))
    with contextlib.suppress(OSError):
        if _LAUNCH.fullmatch(outer.name) and private.is_private(outer):
            (outer / WATCHED).touch(0o600)
    return folder


def find(environ: Mapping[str, str]) -> list[Found]:
    """Return the programs that run, in the order in which they began."""
    alive = [_read(folder, key) for folder, key in _processes(environ) if is_alive(key)]
    return sorted(alive, key=lambda found: int(found.key.partition("-")[2], 16))


def sweep(environ: Mapping[str, str]) -> None:
    """Remove what processes that have ended left behind, unless a viewer still reads it."""
    for folder, key in _processes(environ):
        if not is_alive(key):
            remove(folder, key)
    for folder in _folders(environ):
        if _LAUNCH.fullmatch(folder.name) and not is_alive(folder.name):
            leave(folder)


def has_launcher(folder: Path) -> bool:
    """Whether the `catagent watch` that made the folder still runs."""
    return bool(_LAUNCH.fullmatch(folder.name)) and is_alive(folder.name)


def running_of(folder: Path) -> set[int]:
    """Return the numbers of the processes that run with this folder in their environment.

    Where there is no /proc, of those that have left records.
    """
    found = {int(key.partition("-")[0]) for key in segments(folder) if is_alive(key)}
    mark = b"CATAGENT_WATCH=" + os.fsencode(folder)
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # another user's, or it has ended
            if mark in path.read_bytes().split(b"\0"):
                found.add(int(path.parent.name))
    return found


def leave(folder: Path) -> None:
    """Remove the folder of a launch, unless there are records in it, or may be some yet."""
    with contextlib.suppress(OSError):
        if not segments(folder) and not running_of(folder):
            for name in (ARMED, FULL, WATCHED):
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()


def _processes(environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for folder in _folders(environ):
        with contextlib.suppress(OSError):  # another viewer has removed it
            yield from ((folder, key) for key in segments(folder))


def _base(environ: Mapping[str, str]) -> Path:
    given = environ.get("XDG_RUNTIME_DIR", "")
    with contextlib.suppress(OSError):
        runtime = Path(given)
        is_ours = given and runtime.is_dir() and runtime.stat().st_uid == os.geteuid()
        if is_ours and os.access(runtime, os.W_OK | os.X_OK):
            return runtime / "catagent"
    return Path(tempfile.gettempdir()) / f"catagent-{os.geteuid()}"


def _folders(environ: Mapping[str, str]) -> list[Path]:
    """The folders that there are. Raises OutputError where others may write among them."""
    base = _base(environ)
    try:
        private.check(base)
        return list(filter(private.is_private, base.iterdir()))
    except OSError:  # there is none yet, or another viewer sweeps it
        return []


def _read(folder: Path, key: str) -> Found:
    """Read what is kept of a process: its first record of all, and where its runs begin."""
    pid, _, began = key.partition("-")
    started = stamp(datetime.fromtimestamp(int(began, 16) / 1e6, UTC), "seconds")
    argv, runs = tuple[str, ...](), set[int]()
    with contextlib.closing(Reader(folder, key)) as reader:
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
    with contextlib.suppress(ValueError):
        return json.loads(line) if line.startswith((b'["process"', b'["start"')) else None


def _names(argv: tuple[str, ...]) -> set[str]:
    """What a person would call it: the path, name or stem of its first words, its module.

    A command that pip has installed is run as `python -m` its package, or as the file of its name.
    """
    words = [word for word in argv if not word.startswith("-")][:2]
    modules = [after for before, after in pairwise(argv) if before == "-m"][:1]
    paths = [Path(word) for word in (*words, *modules)]
    return {*words, *modules, *(name for p in paths for name in (p.name, p.stem))}
