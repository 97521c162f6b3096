"""Graphs whose nodes add messages as dicts and pairs, of which LangChain makes messages."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command
from typing_extensions import TypedDict

from tests.support.shapes.base import shape

CALL = {"name": "look", "args": {"place": "here"}, "id": "c1"}
WRITTEN = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLS = {"role": "assistant", "content": "", "tool_calls": [WRITTEN]}
SEEN = {"role": "tool", "content": "seen it", "tool_call_id": "c1"}


def in_a_row(state: Any, **nodes: Any) -> Any:
    """A graph whose nodes run one after the other, each giving an update."""
    graph: Any = StateGraph(state)
    last = START
    for name, update in nodes.items():
        graph.add_node(name, returning(update)).add_edge(last, name)
        last = name
    return graph.compile()


def returning(update: Any) -> Callable[[Any], Any]:
    return lambda _: update


@shape({"1": "look"}, outputs={"1": "seen it"}, unrun=("1",), answer="done")
def dicts_as_messages() -> Any:
    decide = {"messages": [AIMessage("", tool_calls=[CALL])]}
    say = {"messages": {"role": "assistant", "content": "done"}}
    return in_a_row(MessagesState, decide=decide, act={"messages": [SEEN]}, say=say)


@shape({"1": "look"}, outputs={"1": "seen it"}, unrun=("1",), answer="done")
def dicts_of_openai() -> Any:
    say = {"messages": ("ai", "done")}
    return in_a_row(MessagesState, decide={"messages": [CALLS]}, act={"messages": SEEN}, say=say)


@shape({"1": "look"}, outputs={"1": "seen it"}, unrun=("1",), answer="done")
def dicts_that_stay() -> Any:
    """As programs keep them that call the SDK of a provider's."""

    class State(TypedDict):
        messages: Annotated[list[Any], operator.add]

    say = {"messages": [{"role": "assistant", "content": "done"}]}
    return in_a_row(State, decide={"messages": [CALLS]}, act={"messages": [SEEN]}, say=say)


@shape({"1": "look"}, outputs={"1": "seen it"}, unrun=("1",), answer="done")
def dicts_under_another_key() -> Any:
    class State(TypedDict):
        question: str
        answer: str
        history: Annotated[list[Any], add_messages]

    decide = {"history": [AIMessage("", tool_calls=[CALL])]}
    graph = in_a_row(State, decide=decide, act={"history": [SEEN]}, say={"answer": "done"})
    return graph, {"question": "where?"}


@shape({"1": "look"}, outputs={"1": "seen it"}, unrun=("1",))
def dicts_in_a_command() -> Any:
    decide = {"messages": [AIMessage("", tool_calls=[CALL])]}
    act: Any = Command(update={"messages": [SEEN]})
    return in_a_row(MessagesState, decide=decide, act=act, say={"messages": [("ai", "done")]})


@shape({"1": "look"}, outputs={"1": "seen it"}, unrun=("1",), answer="done")
def data_that_looks_like_messages() -> Any:
    class State(MessagesState):
        people: list[Any]

    decide = {"messages": [AIMessage("", tool_calls=[CALL])], "people": [SEEN, CALLS]}
    act = {"messages": [ToolMessage("seen it", tool_call_id="c1")], "people": [SEEN]}
    return in_a_row(State, decide=decide, act=act, say={"messages": [("ai", "done")]})
