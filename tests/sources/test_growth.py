"""A recording grows with what is new in a run: no step takes more than the one before it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool

import catagent
from catagent.config import Mode
from catagent.events.codec import encode
from tests.support.contract import ALL
from tests.support.shapes.agents import agent
from tests.support.shapes.scripted import Reply, call

PAGE = "x" * 500


@tool
async def read(page: int) -> str:
    """Read a page."""
    return f"{page}: {PAGE}"


def reader(pages: int) -> Any:
    """An agent that reads so many pages, one at each step."""

    def reply(sent: list[BaseMessage]) -> Reply:
        page = sum(isinstance(message, AIMessage) for message in sent)
        return [call("read", page=page)] if page < pages else "read"

    return agent(reply, read)


async def size(pages: int, mode: Mode) -> int:
    """The bytes of a recording of so many steps."""
    run = catagent.stream(reader(pages), "?", mode=mode, max_steps=pages, filters=ALL, timeout=0)
    return sum([len(encode(event)) async for event in run])


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
    before, after = (asyncio.run(size(pages, mode)) for pages in (few, many))
    assert after / many < 1.05 * before / few
    assert after / many < 20 * len(PAGE)
