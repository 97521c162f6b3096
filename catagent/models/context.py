"""What building a model needs besides its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from catagent.config import Loaded
from catagent.events import RetryData

Role = Literal["agent", "tool"]

# A line of what is going on, and how much of it is done (0 to 1) where that is known.
OnProgress = Callable[[str, float | None], None]
OnRetry = Callable[[RetryData], None]

AGENT_TAG = "agent_llm"


def _tell_nobody(*_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class ModelContext:
    """The settings and environment of the run, and who wants to hear of what happens.

    `on_retry` is called on the thread of the request; `on_progress` from a thread of its own.
    """

    loaded: Loaded
    on_retry: OnRetry = field(default=_tell_nobody)
    on_progress: OnProgress = field(default=_tell_nobody)
