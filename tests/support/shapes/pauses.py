"""Agents that wait for a person, and agents with events of their own."""

from __future__ import annotations

from typing import Any

from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from tests.support.shapes.agents import agent, look
from tests.support.shapes.base import shape
from tests.support.shapes.graphs import asked
from tests.support.shapes.scripted import call


@tool
async def pay(to: str = "bob") -> str:
    """Pay somebody."""
    return f"paid {interrupt({'pay': to})}"


@tool
def pay_in_thread(to: str = "ann") -> str:
    """Pay somebody, in a thread."""
    return f"paid {interrupt({'pay': to})}"


def review(state: MessagesState) -> Any:
    return {"messages": [("ai", f"sent {interrupt('send it?')}")]}


def reviewing(checkpointer: Any = True) -> Any:
    graph = StateGraph(MessagesState).add_node("review", review).add_edge(START, "review")
    return graph.compile(checkpointer=checkpointer)


@shape(pauses=1, status="interrupted")
def pause_in_a_node() -> Any:
    return reviewing(InMemorySaver())


@shape(pauses=1, status="interrupted")
def pause_in_a_chain() -> Any:
    return RunnableLambda(asked) | reviewing(InMemorySaver())


OWN: Any = {"configurable": {"thread_id": "own"}}


@shape(pauses=1, answer="sent yes")
def pause_that_a_chain_answers() -> Any:
    graph = reviewing(InMemorySaver())

    async def settle(question: Any) -> Any:
        await graph.ainvoke(asked(question), OWN)
        result = await graph.ainvoke(Command(resume="yes"), OWN)
        return result["messages"][-1].text

    return RunnableLambda(settle)


@shape(pauses=1, answer="it is asked")
def pause_that_a_node_leaves_open() -> Any:
    graph = reviewing(InMemorySaver())

    async def node(state: MessagesState) -> Any:
        await graph.ainvoke(state, OWN)
        return {"messages": [("ai", "it is asked")]}

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


@shape({"1": "pay"}, pauses=1, status="interrupted")
def pause_in_a_tool() -> Any:
    return agent([[call("pay")], "never"], pay, checkpointer=InMemorySaver())


@shape(
    {"1": "look", "2": "pay", "3": "pay_in_thread"}, pauses=2, status="interrupted", at_once=True
)
def several_pauses_at_once() -> Any:
    wanted = [call("look", "a"), call("pay", "b"), call("pay_in_thread", "c")]
    return agent([wanted, "never"], look, pay, pay_in_thread, checkpointer=InMemorySaver())


@shape({"1": "ask_payer", "1.1": "pay"}, pauses=1, status="interrupted")
def pause_in_a_nested_agent() -> Any:
    @tool
    async def ask_payer() -> str:
        """Ask an agent that pays."""
        payer = agent([[call("pay")], "never"], pay, name="payer")
        return str(await payer.ainvoke({"messages": [("user", "?")]}))

    return agent([[call("ask_payer")], "never"], ask_payer, checkpointer=InMemorySaver())


@shape(pauses=1, status="interrupted")
def pause_in_a_subgraph() -> Any:
    graph = StateGraph(MessagesState).add_node("inner", reviewing()).add_edge(START, "inner")
    return graph.compile(checkpointer=InMemorySaver())


@shape({"1": "look"}, pauses=1, status="interrupted", unrun=("1",))
def pause_by_middleware() -> Any:
    human = HumanInTheLoopMiddleware({"look": {"allowed_decisions": ["approve", "reject"]}})
    return agent([[call("look")], "never"], look, middleware=[human], checkpointer=InMemorySaver())


@shape({"1": "look"}, pauses=1, status="interrupted", unrun=("1",))
def pause_before_a_node() -> Any:
    return agent(
        [[call("look")], "never"],
        look,
        checkpointer=InMemorySaver(),
        interrupt_before=["tools"],
    )


@shape({"1": "look"}, pauses=1, status="interrupted")
def pause_after_a_node() -> Any:
    return agent(
        [[call("look")], "never"], look, checkpointer=InMemorySaver(), interrupt_after=["tools"]
    )


@tool
async def talk(about: str = "a") -> str:
    """Say what it does, both ways."""
    get_stream_writer()({"writes": about})
    await adispatch_custom_event("progress", {"dispatches": about})
    return f"talked {about}"


@tool
def talk_in_thread(about: str = "b") -> str:
    """Say what it does, both ways, in a thread."""
    get_stream_writer()({"writes": about})
    dispatch_custom_event("progress", {"dispatches": about})
    return f"talked {about}"


@shape({"1": "talk", "2": "talk", "3": "talk_in_thread"}, customs=6, at_once=True)
def talking_tools() -> Any:
    wanted = [call("talk", "a"), call("talk", "b", about="x"), call("talk_in_thread", "c")]
    return agent([wanted, "there it is"], talk, talk_in_thread)


@shape({"1": "ask_talker", "1.1": "talk"}, customs=3)
def talking_in_a_nested_agent() -> Any:
    @tool
    async def ask_talker() -> str:
        """Ask an agent that talks."""
        get_stream_writer()("asking")
        talker = agent([[call("talk")], "it talked"], talk, name="talker")
        return str((await talker.ainvoke({"messages": [("user", "?")]}))["messages"][-1].text)

    return agent([[call("ask_talker")], "there it is"], ask_talker)


@shape(customs=2)
def talking_node() -> Any:
    async def node(state: MessagesState) -> Any:
        get_stream_writer()("half")
        await adispatch_custom_event("progress", 1)
        return {"messages": [("ai", "there it is")]}

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


@shape({"1": "talk"}, customs=2)
def talking_in_a_chain() -> Any:
    return RunnableLambda(asked) | agent([[call("talk")], "there it is"], talk)


@shape(customs=1)
def talking_chain() -> Any:
    async def node(question: Any) -> Any:
        await adispatch_custom_event("progress", 1)
        return "there it is"

    return RunnableLambda(node)
