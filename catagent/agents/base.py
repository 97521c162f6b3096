"""What every agent is opened with, and the one function that opens them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from catagent import registry
from catagent.models.build import Models
from catagent.sources.base import AgentRun

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


def open_agent(name: str, request: AgentRequest) -> AgentRun:
    """Make the agent called `name`, or the one at "module:attribute", ready to run.

    Raises UsageError for an agent that is not there or is of no use, and what building its
    models raises.
    """
    found = registry.lookup(name, registry.AGENTS, "agent")
    if name in registry.AGENTS:
        return cast("AgentRun", found(request))
    from catagent.agents.custom import adapt

    return adapt(found, name, request)
