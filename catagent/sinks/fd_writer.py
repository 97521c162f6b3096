"""Writing whole lines straight to a file descriptor, past every buffer."""

import contextlib
import os
import select
from collections.abc import Callable

from catagent.platforms import IS_UNIX
from catagent.stop import Stop

# How long to wait for the reader before looking whether that is still wanted, in milliseconds.
_LOOK_MS = 100
_SURELY_TAKEN = getattr(select, "PIPE_BUF", 512)


class StalledError(OSError):
    """The reader takes nothing, and the run was to end before it did."""


def writer(descriptor: int, stop: Stop | None = None) -> Callable[[bytes], None]:
    """A function that writes all of its bytes to the descriptor before it returns.

    It raises OSError as `os.write` does (BrokenPipeError, ENOSPC), and StalledError when `stop`
    is due while it waits for the reader. After the first error nothing more is written.
    """
    given = stop or Stop()
    takes_more = _looking(descriptor)
    failed = False

    def write(data: bytes) -> None:
        nonlocal failed
        rest = memoryview(b"" if failed else data)
        try:
            while rest:
                while not takes_more():
                    if given.is_due:
                        raise StalledError("the reader takes nothing")
                # Somebody else may have filled a pipe that the other end made non-blocking.
                with contextlib.suppress(BlockingIOError):
                    # What is surely taken: a write of more would wait where no signal is heard.
                    rest = rest[os.write(descriptor, rest[:_SURELY_TAKEN]) :]
        except OSError:
            failed = True
            raise

    return write


def _looking(descriptor: int) -> Callable[[], object]:
    """What waits a moment until the reader takes more, and says whether it does."""
    if not IS_UNIX:  # nothing says it there: the write waits
        return lambda: True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return lambda: poll.poll(_LOOK_MS)
