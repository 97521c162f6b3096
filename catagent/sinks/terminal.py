"""The state of the terminal while we draw on it, and how it gets back what it had.

Echo is off, so that keys typed meanwhile don't land in the picture; line editing and the keys
that send signals stay as they are, unless every key is for another program.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from catagent.platforms import termios, tty
from catagent.stop import Signals
from catagent.views.live import Size


class Terminal:
    """One terminal, by a file descriptor that is open on it. With `raw`, keys are mere bytes."""

    def __init__(self, fd: int, *, raw: bool = False) -> None:
        self.fd = fd
        self._raw = raw
        self._saved: list[Any] | None = None
        self._was_ours = False

    def size(self) -> Size:
        """Columns and rows, 80 by 24 where nobody knows."""
        try:
            columns, rows = os.get_terminal_size(self.fd)
        except OSError:
            columns, rows = 0, 0
        return Size(columns or 80, rows or 24)

    def is_also(self, fd: int) -> bool:
        """Whether another file descriptor is open on the same terminal."""
        try:
            return os.isatty(fd) and os.fstat(fd).st_rdev == os.fstat(self.fd).st_rdev
        except OSError:
            return False

    def is_ours(self) -> bool:
        """Whether to draw, or the terminal is the shell's or another job's meanwhile.

        `timeout` and its like put us into a group that never gets into the foreground, and that we
        do not lead: ours then, unless we had it and lost it.
        """
        try:
            ours = os.tcgetpgrp(self.fd) == os.getpgrp()
        except OSError:
            # Not our controlling terminal, so no job control: nobody else can claim it.
            ours = True
        self._was_ours = self._was_ours or ours
        return ours or (not self._was_ours and os.getpgrp() != os.getpid())

    def take(self, *, again: bool = False) -> None:
        """Turn echo off and remember what was; `again` where somebody may have turned it on."""
        if self._saved is not None and not again:
            return
        with contextlib.suppress(termios.error, OSError):
            quiet = termios.tcgetattr(self.fd)
            self._saved = self._saved or termios.tcgetattr(self.fd)
            quiet[3] &= ~(termios.ECHO | termios.ECHONL)
            self._set(quiet, raw=self._raw)

    def give_back(self) -> None:
        """Restore what was; keys typed meanwhile are the shell's. More than once does no harm."""
        self.lend()
        self._saved = None

    def lend(self) -> None:
        """Restore what was, for somebody whose changes `give_back` is to take back as well."""
        if self._saved is not None and self.is_ours():
            with contextlib.suppress(termios.error, OSError):
                self._set(self._saved)

    def has_keys(self) -> bool:
        """Whether what is typed on it is for us to read: no other job's, and no background's."""
        try:
            return os.tcgetpgrp(self.fd) == os.getpgrp()
        except OSError:  # not our controlling terminal
            return sys.stdin.isatty()

    def _set(self, attributes: list[Any], *, raw: bool = False) -> None:
        # From a group that is not in the foreground this stops the process, unless blocked.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
        try:
            # Not TCSADRAIN: that would wait for a terminal that takes nothing.
            termios.tcsetattr(self.fd, termios.TCSANOW, attributes)
            if raw:
                tty.setraw(self.fd, termios.TCSANOW)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class JobControl(Signals):
    """What to do before Ctrl-Z stops the process, after `fg`, and before Ctrl-Backslash ends it.

    Those signals are watched that nobody else watches, where Python lets us: on the main thread.
    """

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        numbers = (signal.SIGTSTP, signal.SIGQUIT, signal.SIGCONT)
        is_main = threading.current_thread() is threading.main_thread()
        super().__init__(n for n in numbers if is_main and signal.getsignal(n) == signal.SIG_DFL)
        self._pause = pause
        self._resume = resume

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            super().__exit__()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCONT:
            self._pause()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            # The process stood still in the line above; it goes on here once it is continued.
            signal.signal(number, self._handle)
        self._resume()
