"""A node of a person's own that runs the tools that a model called, and names no id to them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import END, MessagesState, StateGraph

from catagent.config import Mode
from catagent.events import types as ev
from catagent.sources.base import AgentRun
from tests.support.agents import MODES, collect


def by_hand() -> AgentRun:
    @tool
    def double(number: int) -> int:
        """Double it."""
        return 2 * number

    async def think(state: MessagesState) -> dict[str, Any]:
        if len(state["messages"]) > 1:
            return {"messages": [AIMessage("four and six")]}
        calls = [
            {"name": "double", "args": {"number": number}, "id": f"id{number}", "type": "tool_call"}
            for number in (2, 3)
        ]
        return {"messages": [AIMessage("", tool_calls=calls)]}

    async def act(state: MessagesState) -> dict[str, Any]:
        last: Any = state["messages"][-1]
        # The last one first: what tells the calls apart is their arguments.
        done = [(call["id"], await double.ainvoke(call["args"])) for call in last.tool_calls[::-1]]
        return {"messages": [ToolMessage(str(said), tool_call_id=call) for call, said in done]}

    def route(state: MessagesState) -> str:
        return "act" if getattr(state["messages"][-1], "tool_calls", None) else END

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_node("act", act)
    graph.set_entry_point("think")
    graph.add_conditional_edges("think", route)
    graph.add_edge("act", "think")
    return AgentRun(graph.compile(), {"messages": [("user", "double two and three")]}, "graph")


@pytest.mark.parametrize("mode", MODES)
def test_its_run_is_that_of_the_call_with_its_arguments(mode: Mode) -> None:
    outcome = asyncio.run(collect(mode, by_hand()))
    keys = {e.data.tool_input["number"]: e.call for e in outcome.of(ev.Action)}
    assert keys == {2: "1", 3: "2"}
    assert [(e.call, e.data.output) for e in outcome.of(ev.Observation)] == [("2", "6"), ("1", "4")]
    ran = outcome.of(ev.ToolStarted)
    assert [keys[e.data.tool_input["number"]] for e in ran] == [e.call for e in ran]
    assert len(ran) == (0 if mode == "steps" else 2)
