"""How long something may take, on a machine that others use as well."""

from __future__ import annotations

import time

_PROBE_S = 0.05


def slowness() -> float:
    """How often longer than alone a computation takes now: 1 on a machine that is ours."""
    began, spent = time.monotonic(), time.thread_time()
    while time.thread_time() - spent < _PROBE_S:
        pass
    return max(1.0, (time.monotonic() - began) / _PROBE_S)


def prompt(began: float, seconds: float) -> bool:
    """Whether no more than `seconds` went by since `began` (monotonic), as an idle machine's."""
    took = time.monotonic() - began
    return took < seconds or took < seconds * slowness()
