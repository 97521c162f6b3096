"""How an agent is driven in an interpreter that is older than ours."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from catagent.agents.driver.needs import needs_loop

pytestmark = pytest.mark.versions


def plain(state: Any) -> Any:
    return state


async def asynchronous(state: Any) -> Any:
    return state


@tool
def shout(text: str) -> str:
    """Shout."""
    return text.upper()


@tool
async def shout_later(text: str) -> str:
    """Shout, asynchronously."""
    return text.upper()


def graph(node: Any) -> Any:
    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


def executor(*tools: BaseTool) -> Any:
    from langchain_classic.agents import AgentExecutor

    return AgentExecutor(agent=RunnableLambda(plain), tools=tools)


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (lambda: RunnableLambda(plain), False),
        (lambda: RunnableLambda(asynchronous), True),
        (lambda: RunnableLambda(plain, afunc=asynchronous), False),
        (lambda: RunnableLambda(plain) | {"a": RunnableLambda(asynchronous)}, True),
        (lambda: graph(plain), False),
        (lambda: graph(asynchronous), True),
        (lambda: graph(ToolNode([shout])), False),
        (lambda: graph(ToolNode([shout, shout_later])), True),
        (lambda: graph(graph(asynchronous)).with_retry(), True),
        (lambda: executor(shout), False),
        (lambda: executor(shout, shout_later), True),
    ],
)
def test_an_agent_that_is_asynchronous_in_any_part_is_known(agent: Any, expected: bool) -> None:
    """Before Python 3.11 any other is run in a thread, where its parts know whose they are."""
    assert needs_loop(agent()) is expected
