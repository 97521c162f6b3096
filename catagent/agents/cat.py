"""The cat agent: `create_agent` with three tools, on LangGraph."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable

from catagent.agents import cat_prompts
from catagent.agents.cat_tools import make_tools


def build(model: BaseChatModel, tool_model: BaseChatModel) -> Runnable[Any, Any]:
    """Make the agent; its tools ask the second model."""
    tools = make_tools(tool_model)
    return create_agent(model, tools, system_prompt=cat_prompts.AGENT_SYSTEM, name="cat")
