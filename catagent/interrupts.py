"""Signals during a run: the first one cancels it, the second one ends the process at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from catagent.errors import ExitCode

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.HANGUP,
}


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
