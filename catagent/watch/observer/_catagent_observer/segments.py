"""Append-only mapped files: a record costs no system call, and outlives the process.

A record is its length (u32, little endian) and its bytes; a length of 0 is "nothing yet", END "go
on in the next segment". The length is stored last, so that no reader sees half a record. A file
is zeros before it is mapped: a write into a hole on a full disk would end the program by SIGBUS.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import sys
import time
from typing import Any

SIZE = 4 << 20
MOST = 16
END = 0xFFFFFFFF
# What is left at the end of a segment for a last word.
SPARE = 128
_LENGTH = struct.Struct("<I")
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Before 3.13 a map holds a file descriptor of its own.
_UNTRACKED: dict[str, Any] = {"trackfd": False} if sys.version_info >= (3, 13) else {}


class Writer:
    """The segments of one process. Whoever calls sees to it that one thread does at a time.

    `number` is that of the segment that is written, -1 before the first, `lost` how many are gone.
    """

    def __init__(self, folder: str) -> None:
        self._prefix = f"{folder}/{os.getpid()}-{time.time_ns() // 1000:x}"
        self.number, self.lost = -1, 0
        self._map: Any = b""
        self._at = self._size = 0

    def append(self, record: bytes, spare: int = SPARE) -> bool:
        """Add a record. Returns False, with nothing written, where the segment has no room."""
        at = self._at
        if at + 4 + len(record) + spare > self._size:
            return False
        try:
            self._put(record, at)
        except BaseException:  # Ctrl-C, between any two lines of it: leave no half
            self._put(record, at)
            raise
        return True

    def _put(self, record: bytes, at: int) -> None:
        end = at + 4 + len(record)
        self._map[at + 4 : end] = record
        _LENGTH.pack_into(self._map, at, len(record))
        self._at = end

    def go_on(self, room: int) -> None:
        """Begin the next segment, with room for so many bytes.

        Raises OSError, and goes on in this one, where there is no space.
        """
        size = max(SIZE, room + SPARE)
        new = _allocated(f"{self._prefix}.{self.number + 1}", size)
        if self.number >= 0:
            _LENGTH.pack_into(self._map, self._at, END)
        self._map, self._at, self._size = new, 0, size
        self.number += 1
        if self.number >= MOST:
            self.lost += 1
            with contextlib.suppress(OSError):  # whoever reads may have removed it
                os.unlink(f"{self._prefix}.{self.number - MOST}")


def _allocated(path: str, size: int) -> mmap.mmap:
    """A new file of this size, all of it on the disk, mapped."""
    descriptor = os.open(path, _FLAGS, 0o600)
    try:
        left = size
        while left:
            left -= os.write(descriptor, bytes(min(left, 1 << 20)))
        return mmap.mmap(descriptor, size, **_UNTRACKED)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)
