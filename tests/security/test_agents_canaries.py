"""Secrets never come out of an agent of one's own, wherever in it they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import adispatch_custom_event
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, Field

import catagent
from catagent.config import Mode
from catagent.events.codec import encode
from tests.support.agents import MODES
from tests.support.contract import ALL
from tests.support.shapes.agents import agent, look
from tests.support.shapes.scripted import Scripted, call

SECRET = "canary-5e2d0f6a71c94b"
PLACES: dict[str, Callable[[], Any]] = {}


def place(make: Callable[[], Any]) -> Callable[[], Any]:
    """Register an agent that has the secret in one place."""
    PLACES[make.__name__.replace("_", " ")] = make
    return make


def in_one_node(node: Any, schema: Any = MessagesState, **options: Any) -> Any:
    return StateGraph(schema).add_node("node", node).add_edge(START, "node").compile(**options)


@place
def prompt() -> Any:
    return agent([[call("look")], "there it is"], look, system_prompt=f"be {SECRET}")


@place
def tool_schema() -> Any:
    class Arguments(BaseModel):
        where: str = Field(SECRET, description=f"not {SECRET}")

    @tool(description=f"Look for {SECRET}.", args_schema=Arguments)
    async def search(where: str) -> str:
        return "found"

    return agent([[call("search")], "there it is"], search)


@place
def parameters() -> Any:
    model = Scripted(replies=["there it is"], model="scripted").bind(user=SECRET, stop=[SECRET])
    return model | (lambda message: message.text)


@place
def name_of_a_model() -> Any:
    return Scripted(replies=["there it is"], model=f"scripted-{SECRET}")


@place
def arguments_and_output_of_a_tool() -> Any:
    return agent([[call("look", where=SECRET)], f"it is {SECRET}"], look)


@place
def artifact() -> Any:
    @tool(response_format="content_and_artifact")
    async def picture() -> Any:
        """Take a picture."""
        return "a cat", {"at": [SECRET], SECRET: 1}

    return agent([[call("picture")], "there it is"], picture)


@place
def state() -> Any:
    class State(MessagesState):
        place: dict[str, Any]

    def node(state: State) -> Any:
        said = AIMessage([{"type": "text", "text": SECRET}], additional_kwargs={"x": SECRET})
        return {"place": {SECRET: {"deep": [SECRET]}}, "messages": [said]}

    return in_one_node(node, State)


@place
def pause() -> Any:
    def node(state: MessagesState) -> Any:
        question = {"action_requests": [{"name": "pay", "args": {"to": SECRET}}]}
        review = {"action_name": SECRET, "allowed_decisions": [SECRET]}
        return interrupt({**question, "review_configs": [review]})

    return in_one_node(node, checkpointer=InMemorySaver())


@place
def custom_events() -> Any:
    async def node(state: MessagesState) -> Any:
        get_stream_writer()({SECRET: [SECRET]})
        await adispatch_custom_event(f"name {SECRET}", {"data": SECRET})
        return {"messages": [("ai", "there it is")]}

    return in_one_node(node)


@place
def error() -> Any:
    def node(state: MessagesState) -> Any:
        raise ValueError(f"wrong key: {SECRET}")

    return in_one_node(node)


@place
def member_of_a_group() -> Any:
    async def node(state: MessagesState) -> Any:
        raise ExceptionGroup(SECRET, [ValueError("one"), ExceptionGroup("x", [OSError(SECRET)])])

    return in_one_node(node)


@place
def error_of_a_tool() -> Any:
    @tool
    async def boom() -> str:
        """Fail."""
        raise ValueError(SECRET)

    return agent([[call("boom")], "never"], boom)


@place
def error_of_a_model() -> Any:
    return agent([[f"so far {SECRET}", RuntimeError(f"wrong key: {SECRET}")]])


@place
def names() -> Any:
    graph = StateGraph(MessagesState).add_node(SECRET, lambda _: {"messages": [("ai", "x")]})
    return graph.add_edge(START, SECRET).compile(name=f"graph {SECRET}")


def written(made: str, mode: Mode, recording: Path, secrets: list[str]) -> bytes:
    """All lines of a run, with LangChain's objects, and its recording."""
    lines = asyncio.run(lines_of(made, mode, recording, secrets))
    return b"".join([*lines, recording.read_bytes()])


async def lines_of(made: str, mode: Mode, recording: Path, secrets: list[str]) -> list[bytes]:
    config: Any = {"configurable": {"thread_id": "a"}, "tags": [f"tag {SECRET}"]}
    run = catagent.stream(
        PLACES[made](),
        f"where is {SECRET}?",
        mode=mode,
        config=config,
        filters=ALL,
        raw=True,
        secrets=secrets,
        record=recording,
    )
    return [encode(event) async for event in run]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("made", PLACES)
def test_no_place_in_an_agent_brings_a_secret_out(made: str, mode: Mode, tmp_path: Path) -> None:
    found = written(made, mode, tmp_path / "run.jsonl", [SECRET])
    assert b"[redacted]" in found
    assert SECRET.encode() not in found


def test_a_word_that_is_no_secret_comes_out_of_every_place(tmp_path: Path) -> None:
    for number, made in enumerate(PLACES):
        found = written(made, "events", tmp_path / f"{number}.jsonl", [])
        assert found.count(SECRET.encode()) > found.count(f"where is {SECRET}?".encode())
