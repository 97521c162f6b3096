"""Reading what a process writes, to its end."""

from __future__ import annotations

import contextlib
import os


def drain(descriptor: int, into: bytearray) -> None:
    """Read a pipe or a terminal until nobody holds its other end, then close it."""
    with contextlib.suppress(OSError):  # a terminal whose last user left says EIO
        while data := os.read(descriptor, 1 << 16):
            into += data
    os.close(descriptor)
