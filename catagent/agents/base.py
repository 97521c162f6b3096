"""What every agent is opened with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catagent.models.factory import Models

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """A question for an agent, and all that is needed to run it once."""

    question: str
    models: Models
    config: RunnableConfig | None = None
    max_steps: int = 25
    raw: bool = False
