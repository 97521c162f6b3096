"""A recording grows with what is new in a run: no step takes more than the one before it."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.tools import BaseTool, tool
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

import catagent
from catagent.config import Mode
from catagent.events.codec import encode
from tests.support.agents import MODES
from tests.support.contract import ALL
from tests.support.shapes.agents import agent
from tests.support.shapes.scripted import Reply, call

PAGE = "x" * 500
SCREEN = 10_000
IMAGE = "A" * 100_000
SHOWN = {
    "messages": [
        HumanMessage(
            [
                {"type": "text", "text": "where?"},
                {"type": "image", "base64": IMAGE, "mime_type": "image/png"},
            ]
        )
    ]
}

each_mode = pytest.mark.parametrize("mode", MODES)


@tool
async def read(page: int) -> str:
    """Read a page."""
    return f"{page}: {PAGE}"


@tool
async def shoot(page: int) -> Any:
    """Take a picture of a page."""
    return [{"type": "image", "base64": screen(page), "mime_type": "image/png"}]


def screen(page: int) -> str:
    """The picture of a page."""
    return f"{page:04}" * (SCREEN // 4)


def reader(pages: int, with_tool: BaseTool = read) -> Any:
    """An agent that reads so many pages, one at each step."""

    def reply(sent: list[BaseMessage]) -> Reply:
        page = sum(isinstance(message, AIMessage) for message in sent)
        return [call(with_tool.name, page=page)] if page < pages else "read"

    return agent(reply, with_tool)


class Notes(TypedDict):
    """A state with a list that grows, of no messages."""

    found: Annotated[list[str], operator.add]


def noter(pages: int) -> Any:
    """A graph that notes so many pages, one at each step, and chooses each time to go on."""

    def more(state: Notes) -> str:
        return "note" if len(state["found"]) < pages else END

    graph = StateGraph(Notes).add_node("note", lambda _: {"found": [PAGE]})
    graph.add_edge(START, "note").add_conditional_edges("note", more)
    return graph.compile()


async def lines(made: Any, given: Any, pages: int, mode: Mode) -> list[bytes]:
    """A recording of so many steps."""
    options: Any = {"max_steps": pages, "config": {"recursion_limit": 9 * pages}}
    run = catagent.stream(made, given, mode=mode, filters=ALL, timeout=0, **options)
    return [encode(event) async for event in run]


def size(make: Callable[[int], Any], given: Any, pages: int, mode: Mode) -> int:
    """The bytes of a recording of so many steps."""
    return sum(map(len, asyncio.run(lines(make(pages), given, pages, mode))))


@pytest.mark.parametrize(
    ("mode", "few", "many"),
    [
        ("steps", 25, 75),
        ("log", 25, 75),
        ("events", 25, 75),
        pytest.param("events", 50, 200, marks=pytest.mark.full),
    ],
)
def test_a_step_takes_as_much_of_a_recording_as_the_one_before(
    mode: Mode, few: int, many: int
) -> None:
    before, after = (size(reader, "?", pages, mode) for pages in (few, many))
    assert after / many < 1.05 * before / few
    assert after / many < 20 * len(PAGE)


@each_mode
def test_a_state_that_grows_takes_as_much_at_each_step(mode: Mode) -> None:
    """A list of its nodes' own, whichever node it is that LangGraph then chooses by it."""
    before, after = (size(noter, {"found": []}, pages, mode) for pages in (25, 75))
    assert after / 75 < 1.05 * before / 25


@each_mode
def test_an_image_in_the_question_is_whole_as_often_in_a_long_run_as_in_a_short_one(
    mode: Mode,
) -> None:
    few, many = (asyncio.run(lines(reader(n), SHOWN, n, mode)) for n in (2, 20))
    whole = sum(IMAGE.encode() in line for line in many)
    assert whole == sum(IMAGE.encode() in line for line in few)
    assert whole <= (5 if mode == "events" else 3)


@each_mode
def test_a_picture_of_each_step_is_whole_a_few_times(mode: Mode) -> None:
    told = asyncio.run(lines(reader(20, shoot), "?", 20, mode))
    for page in range(20):
        assert 0 < sum(line.count(screen(page).encode()) for line in told) <= 6
    assert sum(map(len, told)) < 20 * 7 * SCREEN
