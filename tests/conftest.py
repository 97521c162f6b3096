"""What every test wants: signals that mean what they mean at a terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

_Handler = Callable[[int, FrameType | None], object] | signal.Handlers

_AS_USUAL: dict[signal.Signals, _Handler] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGHUP: signal.SIG_DFL,
}


def pytest_configure() -> None:
    """A job in the background starts with Ctrl-C ignored, and every process of its own with it."""
    for number, usual in _AS_USUAL.items():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, usual)
