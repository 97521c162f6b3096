"""The cat agent: `create_agent` with three tools, on LangGraph."""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage

from catagent.agents import cat_prompts
from catagent.agents.base import AgentRequest
from catagent.agents.cat_tools import make_tools
from catagent.sources.base import AgentRun


def build(request: AgentRequest) -> AgentRun:
    """Make the agent ready to answer the question."""
    graph = create_agent(
        request.models.agent,
        make_tools(request.models.tool),
        system_prompt=cat_prompts.AGENT_SYSTEM,
        name="cat",
    )
    return AgentRun(
        runnable=graph,
        input={"messages": [HumanMessage(request.question)]},
        shape="graph",
        config=request.config,
        max_steps=request.max_steps,
        raw=request.raw,
    )
