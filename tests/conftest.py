"""What tests share: signals that mean what they mean at a terminal, and a warm process."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from tests.support.warm import Warm

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


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Runs catagent in forks of one process that has loaded LangChain."""
    with Warm() as process:
        yield process
