"""Agents with tools: one and many at once, nested, of ids that repeat or are missing."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain.agents.middleware import ToolRetryMiddleware
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel

from tests.support.shapes.agents import agent, ask, ask_in_thread, ask_two, count, look
from tests.support.shapes.base import shape
from tests.support.shapes.scripted import Scripted, call


@shape({"1": "look"})
def single() -> Any:
    return agent([[call("look")], "there it is"], look, system_prompt="Be a cat.")


@shape({"1": "look", "2": "count", "3": "look"}, at_once=True)
def parallel() -> Any:
    wanted = [call("look", "a"), call("count", "b"), call("look", "c", where="there")]
    return agent([wanted, "there it is"], look, count)


@shape({"1": "look", "2": "look", "3": "count"})
def ids_repeat_in_every_message() -> Any:
    return agent([[call("look")], [call("look")], [call("count")], "there it is"], look, count)


def stepping(steps: int) -> list[Any]:
    """What a model says that calls a tool at so many steps."""
    return [*([call("look", where=str(step))] for step in range(steps)), "there it is"]


@shape({str(step + 1): "look" for step in range(15)})
def many_steps() -> Any:
    return agent(stepping(15), look)


LONG = {f"{outer}.{inner}": "look" for outer in (1, 2) for inner in range(1, 15)}


@shape({"1": "ask_long", "2": "ask_long", **LONG}, at_once=True)
def many_steps_at_once() -> Any:
    @tool
    async def ask_long(about: str) -> str:
        """Ask an agent that takes its time."""
        inner = agent(stepping(14), look, name=f"inner {about}")
        return str((await inner.ainvoke({"messages": [("user", about)]}))["messages"][-1].text)

    wanted = [call("ask_long", "a", about="x"), call("ask_long", "b", about="y")]
    return agent([wanted, "there it is"], ask_long)


@shape({"1": "look", "2": "count"}, at_once=True)
def ids_repeat_in_one_message() -> Any:
    return agent([[call("look"), call("count")], "there it is"], look, count)


@shape({"1": "look", "2": "count"})
def ids_are_empty() -> Any:
    return agent([[call("look", "")], [call("count", "")], "there it is"], look, count)


@shape({"1": "ask", "1.1": "look", "2": "ask", "2.1": "look"})
def nested_ids_repeat() -> Any:
    return agent([[call("ask", about="a")], [call("ask", about="b")], "there it is"], ask)


@shape({"1": "ask", "1.1": "look", "2": "ask", "2.1": "look"}, at_once=True)
def nested_at_once() -> Any:
    wanted = [call("ask", "call_0", about="a"), call("ask", "call_1", about="b")]
    return agent([wanted, "there it is"], ask)


@shape({"1": "ask_two", "1.1": "look", "1.2": "look"}, at_once=True)
def two_in_one_tool() -> Any:
    return agent([[call("ask_two")], "there it is"], ask_two)


@shape({"1": "ask_in_thread", "1.1": "count"})
def nested_in_a_thread() -> Any:
    return agent([[call("ask_in_thread")], "there it is"], ask_in_thread)


@shape({"1": "ask_in_thread", "1.1": "count", "2": "ask_in_thread", "2.1": "count"}, at_once=True)
def nested_in_two_threads() -> Any:
    wanted = [call("ask_in_thread", "call_0"), call("ask_in_thread", "call_1")]
    return agent([wanted, "there it is"], ask_in_thread)


@shape({"1": "deep", "1.1": "ask", "1.1.1": "look"})
def nested_twice() -> Any:
    @tool
    async def deep() -> str:
        """Ask one that asks one."""
        middle = agent([[call("ask")], "so it is"], ask, name="middle")
        return str((await middle.ainvoke({"messages": [("user", "?")]}))["messages"][-1].text)

    return agent([[call("deep")], "there it is"], deep)


@shape({"1": "fly"}, unrun=("1",), failed=("1",))
def unknown_tool() -> Any:
    return agent([[call("fly")], "there it is"], look)


@shape({"1": "fly", "2": "look"}, unrun=("1",), failed=("1",), at_once=True)
def unknown_tool_alongside_another() -> Any:
    return agent([[call("fly", "a"), call("look", "b")], "there it is"], look)


@shape({"1": "weak"}, attempts=2)
def retried_by_middleware() -> Any:
    failed: list[bool] = []

    @tool
    async def weak() -> str:
        """Fail once."""
        failed.append(True)
        if len(failed) == 1:
            raise ValueError("not yet")
        return "strong"

    again = ToolRetryMiddleware(initial_delay=0, jitter=False)
    return agent([[call("weak")], "there it is"], weak, middleware=[again])


@shape({"1": "weak"}, attempts=2)
def retried_by_a_runnable() -> Any:
    failed: list[bool] = []

    @tool
    async def weak() -> str:
        """Fail once."""
        failed.append(True)
        if len(failed) == 1:
            raise ValueError("not yet")
        return "strong"

    again = weak.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)

    async def act(state: MessagesState) -> Any:
        last = state["messages"][-1]
        assert isinstance(last, AIMessage)
        return {"messages": [await again.ainvoke({**last.tool_calls[0], "type": "tool_call"})]}

    async def think(state: MessagesState) -> Any:
        model = Scripted(replies=[[call("weak")], "there it is"])
        return {"messages": [await model.bind_tools([weak]).ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("think", think).add_node("act", act)
    graph.add_node("say", think).add_edge(START, "think")
    return graph.add_edge("think", "act").add_edge("act", "say").compile()


@shape({"1": "look"}, undecided=("1",))
def tool_called_by_hand() -> Any:
    async def node(state: MessagesState) -> Any:
        return {"messages": [("ai", await look.ainvoke({"where": "by hand"}))]}

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


@shape({"1": "look", "2": "count"}, undecided=("1", "2"), at_once=True)
def tools_called_by_hand_at_once() -> Any:
    async def node(state: MessagesState) -> Any:
        said = await asyncio.gather(look.ainvoke({}), count.ainvoke({}))
        return {"messages": [("ai", " ".join(said))]}

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


@shape({"1": "outer", "1.1": "look"}, undecided=("1.1",))
def tool_in_a_tool() -> Any:
    @tool
    async def outer() -> str:
        """Look with another tool."""
        return str(await look.ainvoke({"where": "there"}))

    return agent([[call("outer")], "there it is"], outer)


@shape({"1": "boom"}, status="error")
def tool_that_raises() -> Any:
    @tool
    async def boom() -> str:
        """Fail."""
        raise ValueError("the cavern collapsed")

    return agent([[call("boom")], "never"], boom)


@shape({"1": "look", "2": "boom"}, status="error", at_once=True)
def tool_that_raises_alongside_another() -> Any:
    @tool
    async def boom() -> str:
        """Fail, once the other is through."""
        await asyncio.sleep(0.05)
        raise ValueError("the cavern collapsed")

    return agent([[call("look", "a"), call("boom", "b")], "never"], look, boom)


@shape({"1": "ask_broken", "1.1": "look"}, status="error")
def nested_agent_that_fails() -> Any:
    @tool
    async def ask_broken() -> str:
        """Ask an agent whose model fails."""
        inner = agent([[call("look")], RuntimeError("no model")], look, name="inner")
        return str(await inner.ainvoke({"messages": [("user", "?")]}))

    return agent([[call("ask_broken")], "never"], ask_broken)


@shape({"1": "picture"})
def artifact_and_blocks() -> Any:
    @tool(response_format="content_and_artifact")
    async def picture() -> Any:
        """Take a picture."""
        return [{"type": "text", "text": "a cat"}], {"pixels": [1, 2]}

    return agent([[call("picture")], "there it is"], picture)


class Place(BaseModel):
    """Where it is."""

    room: str


@shape({"1": "look", "2": "Place"}, unrun=("2",))
def structured_output() -> Any:
    replies = [[call("look")], [call("Place", "p", room="kitchen")]]
    return agent(replies, look, response_format=Place)


@shape({"1": "look"}, unrun=("1",))
def decided_without_a_model() -> Any:
    wanted = {"name": "look", "args": {"where": "here"}, "id": "c1"}

    def decide(state: MessagesState) -> Any:
        return {"messages": [AIMessage("", tool_calls=[wanted])]}

    def act(state: MessagesState) -> Any:
        return {"messages": [ToolMessage("seen", tool_call_id="c1", name="look")]}

    def say(state: MessagesState) -> Any:
        return {"messages": [{"role": "assistant", "content": "there it is"}]}

    graph = StateGraph(MessagesState).add_sequence([decide, act, say])
    return graph.add_edge(START, "decide").compile()
