"""Agents whose calls or messages share an id: each call is one, and has what it came to."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from pydantic import BaseModel

from tests.support.shapes.agents import agent, count, look, looker
from tests.support.shapes.base import shape
from tests.support.shapes.scripted import Scripted, call


class Verdict(BaseModel):
    """What a guard says, as a call of its model."""

    fine: bool


async def judge() -> Any:
    """Ask a model for a form; it writes one under the id that all of them use."""
    model = Scripted(replies=[[call("Verdict", fine=True)]], model="guard")
    return await model.with_structured_output(Verdict).ainvoke("is that fine?")


class Guard(AgentMiddleware[Any, Any, Any]):
    """Asks a model of its own about each message."""

    async def aafter_model(self, state: Any, runtime: Any) -> None:
        await judge()


@shape(
    {"1": "look", "2": "Verdict", "3": "look", "4": "Verdict", "5": "Verdict"},
    undecided=("2", "4", "5"),
    unrun=("2", "4", "5"),
    outputs={"1": "a cat here", "3": "a cat there"},
)
def guard_in_middleware() -> Any:
    replies = [[call("look")], [call("look", where="there")], "there it is"]
    return agent(replies, look, middleware=[Guard()])


def acting(*nodes: Any) -> Any:
    """A graph of these nodes one after the other, and of the tools that the last one calls."""
    steps = [(f"node {number}", node) for number, node in enumerate(nodes)]
    graph = StateGraph(MessagesState).add_sequence([*steps, ("tools", ToolNode([look, count]))])
    return graph.add_edge(START, steps[0][0]).compile()


async def thought(**args: Any) -> Any:
    """What a model says that looks, under the id that all of them use."""
    return await Scripted(replies=[[call("look", **args)]]).ainvoke("where?")


@shape(
    {"1": "look", "2": "Verdict"},
    undecided=("2",),
    unrun=("2",),
    outputs={"1": "a cat there"},
)
def guard_in_the_same_node() -> Any:
    async def node(state: MessagesState) -> Any:
        message = await thought(where="there")
        await judge()
        return {"messages": [message]}

    return acting(node)


@shape({"1": "look", "2": "look"}, undecided=("2",), unrun=("2",), outputs={"1": "a cat first"})
def first_of_two_tries() -> Any:
    async def node(state: MessagesState) -> Any:
        kept, _ = await thought(where="first"), await thought(where="second")
        return {"messages": [kept]}

    return acting(node)


class Branches(MessagesState):
    """A state in which each of two branches has messages of its own."""

    others: Annotated[list[Any], add_messages]


@shape({"1": "look", "2": "count"}, outputs={"1": "a cat here", "2": "two dogs"}, at_once=True)
def branches_at_once() -> Any:
    written = asyncio.Event()

    async def one(state: Branches) -> Any:
        message = await Scripted(replies=[[call("look")]]).ainvoke("where?")
        written.set()
        return {"messages": [message]}

    async def other(state: Branches) -> Any:
        await written.wait()
        model = Scripted(replies=[[call("count", things="dogs")]])
        return {"others": [await model.ainvoke("how many?")]}

    graph = StateGraph(Branches).add_node("one", one).add_node("other", other)
    graph.add_node("look", ToolNode([look])).add_edge("one", "look")
    graph.add_node("count", ToolNode([count], messages_key="others")).add_edge("other", "count")
    return graph.add_edge(START, "one").add_edge(START, "other").compile()


class Checked(AgentMiddleware[Any, Any, Any]):
    """Hands on a copy of each tool's message."""

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        said = await handler(request)
        return said.model_copy(update={"content": f"{said.content}, checked"})


def copied(call_id: str) -> Any:
    """An agent whose tools come to an end in the other order, and whose middleware copies."""
    quick_is_done = asyncio.Event()

    @tool
    async def slow() -> str:
        """Look once the other has."""
        await quick_is_done.wait()
        return "a slow cat"

    @tool
    async def quick() -> str:
        """Look at once."""
        quick_is_done.set()
        return "a quick cat"

    wanted = [call("slow", call_id), call("quick", call_id)]
    return agent([wanted, "there it is"], slow, quick, middleware=[Checked()])


COPIES = {"1": "a slow cat, checked", "2": "a quick cat, checked"}


@shape({"1": "slow", "2": "quick"}, outputs=COPIES, at_once=True)
def copies_of_equal_ids() -> Any:
    return copied("call_0")


@shape({"1": "slow", "2": "quick"}, outputs=COPIES, at_once=True)
def copies_of_empty_ids() -> Any:
    return copied("")


class Edited(AgentMiddleware[Any, Any, Any]):
    """Changes what a message calls its tool with, and adds a call, as a person would."""

    async def aafter_model(self, state: Any, runtime: Any) -> Any:
        message = state["messages"][-1]
        if not message.tool_calls:
            return None
        wanted = {**message.tool_calls[0], "args": {"where": "edited"}}
        added = {"name": "look", "args": {"where": "added"}, "id": "added", "type": "tool_call"}
        return {"messages": [message.model_copy(update={"tool_calls": [wanted, added]})]}


@shape(
    {"1": "look", "2": "look"},
    again=("1",),
    outputs={"1": "a cat edited", "2": "a cat added"},
    at_once=True,
)
def edited_by_middleware() -> Any:
    return agent([[call("look")], "there it is"], look, middleware=[Edited()])


@shape({"1": "look", "2": "look"}, outputs={"1": "a cat 1", "2": "a cat 3"})
def message_ids_that_repeat() -> Any:
    def decide(state: MessagesState) -> Any:
        number = str(len(state["messages"]))
        wanted = {"name": "look", "args": {"where": number}, "id": f"c{number}"}
        return {"messages": [AIMessage("", id="fixed", tool_calls=[wanted])]}

    graph = StateGraph(MessagesState)
    for round_ in "ab":
        graph.add_node(f"decide {round_}", decide).add_node(f"act {round_}", ToolNode([look]))
        graph.add_edge(f"decide {round_}", f"act {round_}")
    return graph.add_edge(START, "decide a").add_edge("act a", "decide b").compile()


@shape({"1": "look"}, outputs={"1": "a cat there"})
def message_under_another_id() -> Any:
    async def think(state: MessagesState) -> Any:
        return {"messages": [await thought(where="there")]}

    def say_again(state: MessagesState) -> Any:
        (*_, said) = state["messages"]
        assert isinstance(said, AIMessage)
        return {"messages": [AIMessage("", id="other", tool_calls=said.tool_calls)]}

    return acting(think, say_again)


@shape({"1": "look", "2": "look"}, outputs={"1": "a cat here", "2": "a cat here"})
def messages_of_a_worker_copied() -> Any:
    worker = looker("worker")

    async def ask(state: MessagesState) -> Any:
        question = HumanMessage(state["messages"][0].text)
        result = await worker.ainvoke({"messages": [question]})
        return {"messages": [m.model_copy(update={"id": None}) for m in result["messages"][1:]]}

    graph = StateGraph(MessagesState).add_node("once", ask).add_node("twice", ask)
    return graph.add_edge(START, "once").add_edge("once", "twice").compile()
