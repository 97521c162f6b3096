"""Writing whole lines straight to a file descriptor, past every buffer."""

from __future__ import annotations

import os
import select
from collections.abc import Callable


def writer(descriptor: int) -> Callable[[bytes], None]:
    """A function that writes all of its bytes to the descriptor before it returns.

    It raises OSError as `os.write` does: BrokenPipeError, ENOSPC.
    """

    def write(data: bytes) -> None:
        try:
            written = os.write(descriptor, data)
        except BlockingIOError:
            written = 0
        if written < len(data):
            _write_rest(descriptor, memoryview(data)[written:])

    return write


def _write_rest(descriptor: int, rest: memoryview) -> None:
    """A pipe whose other end made it non-blocking takes what it has room for, or nothing."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    while rest:
        poll.poll()
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            continue
