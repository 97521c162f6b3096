"""Waiting, with a deadline, for what another thread, process or task brings about."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

_PAUSE_S = 0.005


def wait_until(
    condition: Callable[[], bool],
    seconds: float = 60,
    instead: Callable[[], object] = lambda: "nothing to show",
) -> None:
    """Return once `condition` holds; raise TimeoutError, with what there is `instead`."""
    for _ in _until(condition, seconds, instead):
        time.sleep(_PAUSE_S)


async def async_wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """The same for what happens on this event loop."""
    for _ in _until(condition, seconds, asyncio.all_tasks):
        await asyncio.sleep(_PAUSE_S)


def _until(
    condition: Callable[[], bool], seconds: float, instead: Callable[[], object]
) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain: {instead()}")
        yield
