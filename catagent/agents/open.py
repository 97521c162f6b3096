"""Opens an agent by its name: a built-in one, or whatever stands at "module:attribute"."""

from __future__ import annotations

from catagent.agents.base import AgentRequest
from catagent.loading import registry
from catagent.sources.base import AgentRun


def open_agent(name: str, request: AgentRequest) -> AgentRun:
    """Make the agent called `name`, or the one at "module:attribute", ready to run.

    Raises UsageError for an agent that is not there or is of no use, and what building its
    models raises.
    """
    found = registry.lookup(name, registry.AGENTS, "agent")
    from catagent.agents.custom import adapt  # imports LangGraph

    return adapt(found, name, request)
