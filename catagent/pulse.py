"""Whether a run's models are at work, also where a mode tells nothing of them."""

from __future__ import annotations

import time


class Pulse:
    """How many model calls are awaited, and when one was last heard of (monotonic seconds)."""

    def __init__(self) -> None:
        self.awaited = 0
        self.heard = time.monotonic()

    def begin(self) -> None:
        """A model was asked."""
        self.awaited += 1
        self.beat()

    def beat(self) -> None:
        """A model said something."""
        self.heard = time.monotonic()

    def end(self) -> None:
        """A model is through with its answer, or failed."""
        self.awaited -= 1
        self.beat()
