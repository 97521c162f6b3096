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

SHUTDOWN_S = 0.45
"""How long a run may take to end once it is to end, all that it waits for together, in seconds."""

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.HANGUP,
}


class Stop:
    """Why a run is to end early, cancelled by a person or failed, and how long that may take.

    The first reason counts. It may be set in a signal handler and read on any thread. A sink that
    waits for its reader keeps the event loop from running, and with it every task that could
    cancel: it looks here instead.
    """

    def __init__(self) -> None:
        self.why: CatagentError | ExitCode | None = None
        self._deadline = math.inf
        self._over_at: float | None = None

    def request(self, why: CatagentError | ExitCode) -> bool:
        """Ask for the end; return whether this was the first to ask."""
        first = self.why is None
        if first:
            self.why = why
        return first

    def expire_at(self, deadline: float) -> None:
        """Let the run be due from this moment on, in seconds of the monotonic clock."""
        self._deadline = deadline

    @property
    def is_due(self) -> bool:
        """Whether nobody should wait any longer."""
        return self.why is not None or time.monotonic() >= self._deadline

    def patience(self, share: float = 1.0) -> float:
        """Seconds to wait for somebody who was asked to end.

        All of a run's shutdown has one budget, SHUTDOWN_S, which the first to ask for it begins.
        A `share` below 1 leaves the rest to those who are asked later.
        """
        now = time.monotonic()
        if self._over_at is None:
            self._over_at = now + SHUTDOWN_S
        return max(0.0, self._over_at - now) * share


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
