"""What tests share: signals that mean what they mean at a terminal, a warm process, a server."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from tests.support import langgraph_dev as _langgraph_dev
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


@pytest.fixture(scope="session")
def langgraph_dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a LangGraph server with the agents of tests/served_agents, one for all."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with _langgraph_dev.shared(folder / "langgraph_dev") as address:
        yield address
