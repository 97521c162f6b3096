"""Whether a run is to end before its end. Asked by whoever waits and cannot be cancelled."""

from __future__ import annotations

import math
import time

from catagent.errors import CatagentError, ExitCode


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
