"""The cat agent as a person would write it: `create_agent`, ChatOpenAI, three tools."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from catagent.agents import cat_prompts

MODEL = "scripted"
QUESTION = {"messages": [("user", "what items are located where the cat is hiding?")]}


def make_agent() -> Any:
    """Make it; the server and the key come from the environment."""
    model = ChatOpenAI(model=MODEL, temperature=0, stream_usage=True)
    inner = ChatOpenAI(model=MODEL, stream_usage=True)

    async def ask(prompt: str) -> str:
        return "".join([chunk.text async for chunk in inner.astream(prompt)])

    @tool(description=cat_prompts.WHERE_DESCRIPTION)
    async def where_cat_is_hiding() -> str:
        return await ask(cat_prompts.WHERE_PROMPT)

    @tool(description=cat_prompts.ITEMS_DESCRIPTION)
    async def get_items(place: str) -> str:
        return await ask(cat_prompts.ITEMS_PROMPT.format(place=place))

    @tool(description=cat_prompts.JOKE_DESCRIPTION)
    async def tell_me_a_joke_about(topic: str) -> str:
        return await ask(cat_prompts.JOKE_PROMPT.format(topic=topic))

    tools = [where_cat_is_hiding, get_items, tell_me_a_joke_about]
    return create_agent(model, tools, system_prompt=cat_prompts.AGENT_SYSTEM)
