"""The records that the observer in a process writes, read from its segments while it writes.

A segment is a file `PID-HEX.N`. A record is its length (u32, little endian) and its bytes; a length
of 0 is nothing yet, ON says that the next segment goes on. The length is written last.
"""

import mmap
import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from catagent.platforms import fcntl

ON = 0xFFFFFFFF
_LENGTH = struct.Struct("<I")
_NAME = re.compile(r"([0-9]+-[0-9a-f]+)\.([0-9]+)")


class Reader:
    """Reads the records of one process, `key`, as they come; it changes nothing there.

    One that comes late, or is slower than the writer that keeps the newest segments alone, goes on
    with the oldest that there is.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder = folder
        self._key = key
        self._number = -1
        self._file: int | None = None
        self._map: mmap.mmap | None = None
        self._at = 0

    def records(self) -> Iterator[bytes]:
        """Those that are there and have not been read."""
        while (held := self._map or self._open()) is not None:
            room = len(held) - self._at - 4
            length = _LENGTH.unpack_from(held, self._at)[0] if room >= 0 else 0
            if length == ON:
                self._leave()
            elif 0 < length <= room:
                start, self._at = self._at + 4, self._at + 4 + length
                yield held[start : self._at]
            else:
                return self._look_again()
        return None

    def close(self) -> None:
        """Let go of the segment, so that whoever is the last can remove it."""
        if self._file is not None:
            os.close(self._file)
        self._file = self._map = None

    def _leave(self) -> None:
        """Go on with the next segment, held before this one is let go of."""
        before, self._file, self._map, self._at = self._file, None, None, 0
        self._open()
        if before is not None:
            os.close(before)

    def _open(self) -> mmap.mmap | None:
        numbers = sorted(n for n in segments(self._folder).get(self._key, ()) if n > self._number)
        for number in numbers[:1]:
            with suppress(OSError):  # removed meanwhile, or still empty
                self._file = _held(self._folder / f"{self._key}.{number}")
                self._map = mmap.mmap(self._file, 0, prot=mmap.PROT_READ)
                self._number = number
        return self._map

    def _look_again(self) -> None:
        """What was mapped while its writer made room in it has grown."""
        file, held = self._file, self._map
        if file is not None and held is not None and os.fstat(file).st_size > len(held):
            self._map = mmap.mmap(file, 0, prot=mmap.PROT_READ)


def segments(folder: Path) -> dict[str, list[int]]:
    """The numbers of the segments in a folder, by the key of their process."""
    found: dict[str, list[int]] = {}
    with os.scandir(folder) as entries:
        for name in filter(None, (_NAME.fullmatch(entry.name) for entry in entries)):
            found.setdefault(name[1], []).append(int(name[2]))
    return found


def remove(folder: Path, key: str) -> None:
    """Remove the records of a process that has ended, unless somebody is reading them."""
    paths = [folder / f"{key}.{number}" for number in segments(folder).get(key, ())]
    with ExitStack() as held, suppress(OSError):
        for path in paths:
            held.callback(os.close, _held(path, alone=True))
        for path in paths:
            path.unlink()


def is_alive(key: str) -> bool:
    """Whether the process of this key still runs, as far as can be known of it."""
    pid = int(key.partition("-")[0])
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # none, or another's that has got its number
        return False
    with suppress(OSError, IndexError):  # no Linux: a zombie lives until somebody waits for it
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in ("Z", "X")
    return True


def _held(path: Path, *, alone: bool = False) -> int:
    """The open file of a segment. Raises OSError where it is none, or others hold it."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or (not alone and not found.st_size):
            raise FileNotFoundError(path)
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file
