"""What building a model needs besides its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from catagent.config import Loaded
from catagent.events.types import RetryData

if TYPE_CHECKING:
    from catagent.models.openai_client.client import ClientPool

Role = Literal["agent", "tool"]

# A line of what is going on, and how much of it is done (0 to 1) where that is known.
OnProgress = Callable[[str, float | None], None]

AGENT_TAG = "agent_llm"


@dataclass(frozen=True)
class ModelContext:
    """The settings and environment of the run, and who wants to hear of what happens.

    `on_retry` is called on the request's thread, `on_progress` on another.
    """

    loaded: Loaded
    on_retry: Callable[[RetryData], None] = lambda _: None
    on_progress: OnProgress = lambda *_: None

    @cached_property
    def pool(self) -> ClientPool:
        """The connections to OpenAI-compatible servers."""
        from catagent.models.openai_client import client, retries  # import the SDK

        settings = self.loaded.settings
        policy = retries.RetryPolicy(settings.max_retries, self.on_retry)
        return client.ClientPool(policy, settings.idle_timeout)
