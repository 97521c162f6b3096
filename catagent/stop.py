"""What ends a run early: a reason, once there is one, and the signals that bring one."""

import math
import os
import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, Self

from catagent.errors import CatagentError, ExitCode
from catagent.platforms import numbers

SHUTDOWN_S = 0.45
"""How long a run waits for others once it is to end, for all of them together, in seconds."""

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
_CODES |= dict.fromkeys(numbers("SIGHUP"), ExitCode.HANGUP)


class Stop:
    """Why a run is to end early, cancelled by a person or failed, and how long that may take.

    The first reason counts. It may be set in a signal handler and read on any thread. A sink that
    waits for its reader keeps the event loop from running, and with it every task that could
    cancel: it looks here instead. From the `deadline` on, by the monotonic clock, it is due.
    """

    def __init__(self) -> None:
        self.why: CatagentError | ExitCode | None = None
        self.deadline = self._over_at = math.inf

    def request(self, why: CatagentError | ExitCode) -> bool:
        """Ask for the end; return whether this was the first to ask."""
        first = self.why is None
        if first:
            self.why = why
            self.begin_shutdown()
        return first

    @property
    def is_due(self) -> bool:
        """Whether nobody should wait any longer."""
        return self.why is not None or time.monotonic() >= self.deadline

    def begin_shutdown(self) -> None:
        """Let the budget of the shutdown run from now on; the first to say so counts."""
        self._over_at = min(self._over_at, time.monotonic() + SHUTDOWN_S)

    def patience(self, share: float = 1.0) -> float:
        """Seconds to wait for somebody who was asked to end.

        All of a run's shutdown has one budget, SHUTDOWN_S, from when it was asked to end, or has
        ended by itself. A `share` below 1 leaves the rest to those who are asked later.
        """
        return min(SHUTDOWN_S, max(0.0, self._over_at - time.monotonic())) * share


class Signals:
    """Gives these signals to `_handle` inside the block; one that was ignored (nohup) stays so."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self._numbers = tuple(numbers)
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in self._numbers:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        raise NotImplementedError


class Interrupts(Signals):
    """What signals do to a run inside the block: the first calls `cancel`, the next `rescue`.

    `cancel` is a request to `stop` until there is a run to cancel; handlers run between two byte
    codes of the main thread, so it has to be safe there. After `rescue`, which is for the terminal,
    the process is left.
    """

    def __init__(self, stop: Stop) -> None:
        self.cancel: Callable[[ExitCode], object] = stop.request
        self.rescue: Callable[[], None] = lambda: None
        super().__init__(_CODES)
        self._seen = False

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        code = _CODES[signal.Signals(number)]
        if self._seen:
            self.rescue()
            os._exit(code)
        self._seen = True
        self.cancel(code)
