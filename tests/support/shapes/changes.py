"""Agents that change what they said in place, and states with what only looks like a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph

from tests.support.shapes.agents import agent, look
from tests.support.shapes.base import shape
from tests.support.shapes.scripted import Scripted, call

SAYS = Scripted(replies=lambda _: "there it is")


def sending_again(message: BaseMessage, change: Callable[[Any], None]) -> Any:
    """A graph that sends a model a message, changes that very object, and sends it again."""

    async def node(state: MessagesState) -> Any:
        sent = [message, ToolMessage("a cat", tool_call_id="c")]
        await SAYS.ainvoke(sent)
        change(message)
        return {"messages": [await SAYS.ainvoke(sent)]}

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


def blocks() -> HumanMessage:
    return HumanMessage([{"type": "text", "text": "where?"}], id="m")


@shape()
def text_changed() -> Any:
    return sending_again(HumanMessage("where?"), lambda m: setattr(m, "content", "when?"))


@shape()
def block_added() -> Any:
    return sending_again(blocks(), lambda m: m.content.append({"type": "text", "text": "when?"}))


@shape()
def block_changed() -> Any:
    return sending_again(blocks(), lambda m: m.content[0].update(text="when?"))


@shape()
def arguments_changed() -> Any:
    wanted = {"name": "look", "args": {"where": "here"}, "id": "c"}
    said = AIMessage("", id="m", tool_calls=[wanted])
    return sending_again(said, lambda m: m.tool_calls[0]["args"].update(where="there"))


class Marking(AgentMiddleware[Any, Any, Any]):
    """Marks the last message that is sent for the provider's cache, and none before it."""

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        for message in request.messages:
            if isinstance(message.content, str):
                message.content = [{"type": "text", "text": message.content}]
            for block in message.content:
                block.pop("cache_control", None)
        if request.messages[-1].content:
            request.messages[-1].content[-1]["cache_control"] = {"type": "ephemeral"}
        return await handler(request)


@shape({"1": "look", "2": "look"})
def marks_for_a_cache() -> Any:
    replies = [[call("look", "a")], [call("look", "b")], "there it is"]
    return agent(replies, look, middleware=[Marking()])


class Noted(MessagesState):
    """A state with an agent's own data."""

    notes: list[Any]


def noting(message: BaseMessage, **update: Any) -> Any:
    """A graph that changes its state, and then sends its model the message."""

    def note_it(state: Noted) -> Any:
        return update

    async def say(state: Noted) -> Any:
        return {"messages": [await SAYS.ainvoke([message])]}

    return StateGraph(Noted).add_sequence([note_it, say]).add_edge(START, "note_it").compile()


@shape()
def note_that_looks_like_a_message() -> Any:
    looks = {"id": "m", "type": "note", "content": "this is a note"}
    message = HumanMessage("where?", id="m")
    return noting(message, messages=[message], notes=[looks])


@shape()
def message_deep_in_a_state() -> Any:
    message = HumanMessage("where?", id="m")
    note: Any = message
    for _ in range(25):
        note = {"in": note}
    return noting(message, notes=[note])
