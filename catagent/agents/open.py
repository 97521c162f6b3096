"""Opens an agent by its name: a built-in one, or whatever stands at "module:attribute"."""

from __future__ import annotations

from catagent.agents.base import AgentRequest
from catagent.agents.code import Code
from catagent.loading import registry
from catagent.sources.base import AgentRun


def open_agent(name: str, request: AgentRequest) -> AgentRun:
    """Make the agent called `name`, or the one at "module:attribute" or "file.py:attribute", ready.

    Raises UsageError for an agent that is not there or is of no use, and what building its
    models raises.
    """
    code = Code.named(name)
    if code is not None and code.file is not None:
        found = code.load()
    else:
        found = registry.lookup(name, registry.AGENTS, "agent")
    from catagent.agents.custom import adapt  # imports LangGraph

    return adapt(found, name, request)
