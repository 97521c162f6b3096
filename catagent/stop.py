"""What ends a run early: a reason, once there is one, and the signals that bring one."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from catagent.errors import CatagentError, ExitCode

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.HANGUP,
}


class Stop:
    """Why a run is to end early: cancelled by a person, or failed. The first reason counts.

    May be set in a signal handler and read on any thread. A sink that waits for its reader keeps
    the event loop from running, and with it every task that could cancel: it looks here instead.
    """

    def __init__(self) -> None:
        self.why: CatagentError | ExitCode | None = None
        self.deadline = math.inf
        """When the run is to have ended, in seconds of the monotonic clock."""

    def request(self, why: CatagentError | ExitCode) -> bool:
        """Ask for the end; tell whether this was the first to ask."""
        first = self.why is None
        if first:
            self.why = why
        return first

    @property
    def is_due(self) -> bool:
        """Whether nobody should wait any longer."""
        return self.why is not None or time.monotonic() >= self.deadline


@contextmanager
def interrupts(cancel: Callable[[ExitCode], None], rescue: Callable[[], None]) -> Iterator[None]:
    """Call `cancel` on the first signal; on the next, `rescue` the terminal and leave.

    Handlers run between two byte codes of the main thread, so `cancel` has to be safe there.
    A signal that was ignored when we started (nohup) stays ignored.
    """
    seen = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        code = _CODES[signal.Signals(number)]
        if seen:
            rescue()
            os._exit(code)
        seen = True
        cancel(code)

    wanted = [number for number in _CODES if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
