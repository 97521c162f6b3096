"""What the shapes are made of: tools, agents that call them, and tools that ask such agents."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import BaseTool, tool

from tests.support.shapes.scripted import Scripted, call


@tool
async def look(where: str = "here") -> str:
    """Look somewhere."""
    return f"a cat {where}"


@tool
def count(things: str = "cats") -> str:
    """Count things, in a thread."""
    return f"two {things}"


def agent(replies: Any, *tools: BaseTool, **options: Any) -> Any:
    """An agent of a scripted model."""
    return create_agent(Scripted(replies=replies), list(tools), **options)


def looker(name: str = "inner", eyes: BaseTool = look) -> Any:
    """An agent that calls its tool once, under the id that all of them use."""
    return agent([[call(eyes.name)], "inside it is"], eyes, name=name)


@tool
async def ask(about: str = "") -> str:
    """Ask an agent."""
    result = await looker().ainvoke({"messages": [("user", about)]})
    return str(result["messages"][-1].text)


@tool
def ask_in_thread(about: str = "") -> str:
    """Ask an agent, in a thread."""
    result = looker(eyes=count).invoke({"messages": [("user", about)]})
    return str(result["messages"][-1].text)


@tool
async def ask_two(about: str = "") -> str:
    """Ask two agents at once."""
    given = {"messages": [("user", about)]}
    results = await asyncio.gather(*(looker(name).ainvoke(given) for name in ("one", "other")))
    return " ".join(str(result["messages"][-1].text) for result in results)
