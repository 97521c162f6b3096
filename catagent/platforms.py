"""What this system has of what only a Unix has: the one place that knows of Windows."""

import os
import signal

try:
    import fcntl as fcntl
    import termios as termios
    import tty as tty
except ImportError:
    fcntl = termios = tty = None  # type: ignore[assignment] # nobody uses them unless IS_UNIX

IS_UNIX = hasattr(os, "fork") and termios is not None
"""Whether there is what live views, programs to watch, threads and other interpreters need."""

FILE = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Flags for every file that is opened by number: no other program's, and its bytes as they are."""

NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
"""The flag that opens no link; Windows lets few people make one."""


def numbers(*names: str) -> tuple[signal.Signals, ...]:
    """Return the signals of these names that there are."""
    return tuple(each for each in signal.Signals if each.name in names)
