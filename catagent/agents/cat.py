"""The cat agent: `create_agent` with three tools, each of which asks a chat model."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, tool

from catagent.agents import cat_prompts

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable


def build(model: BaseChatModel, tool_model: BaseChatModel) -> Runnable[Any, Any]:
    """Make the agent; its tools ask the second model."""
    from langchain.agents import create_agent  # imports LangGraph: not for a tool alone

    tools = make_tools(tool_model)
    return create_agent(model, tools, system_prompt=cat_prompts.AGENT_SYSTEM, name="cat")


def make_tools(model: BaseChatModel | None) -> list[BaseTool]:
    """Make the three tools, all of them asking `model`. Without one they can only be described."""

    @tool(description=cat_prompts.WHERE_DESCRIPTION)
    async def where_cat_is_hiding() -> str:
        return await _ask(model, cat_prompts.WHERE_PROMPT, "where_cat_at", "hiding_spot")

    @tool(description=cat_prompts.ITEMS_DESCRIPTION)
    async def get_items(place: str) -> str:
        prompt = cat_prompts.ITEMS_PROMPT.format(place=place)
        return await _ask(model, prompt, "Get Items LLM", "get_items")

    @tool(description=cat_prompts.JOKE_DESCRIPTION)
    async def tell_me_a_joke_about(topic: str) -> str:
        return await _ask(model, cat_prompts.JOKE_PROMPT.format(topic=topic), "Joke LLM", "joke")

    return [where_cat_is_hiding, get_items, tell_me_a_joke_about]


async def _ask(model: BaseChatModel | None, prompt: str, run_name: str, tag: str) -> str:
    """Stream the model's answer, for the sake of those who listen, and return the whole of it."""
    if model is None:
        raise ValueError(f"the tool behind {run_name} was made without a model")
    named = model.with_config(run_name=run_name, tags=[tag])
    said = StringIO()
    async for chunk in named.astream(prompt):
        said.write(chunk.text)
    return said.getvalue().strip()
