"""A recording grows with what is new in a run: no step takes more than the one before it.

But for the refs to what its model is sent once more: they are short, and one for each message.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool

import catagent
from catagent.config import Mode
from catagent.events import types as ev
from catagent.events.codec import encode
from tests.support.contract import ALL
from tests.support.shapes.agents import agent
from tests.support.shapes.scripted import Reply, call

PAGE = "x" * 500
SHORT = len('{"ref":"lc_run--00000000-0000-7000-8000-000000000000-0"},')


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


async def sizes(pages: int, mode: Mode) -> tuple[int, int, int]:
    """Bytes of the refs in prompts, and of all else; and the number of messages sent."""
    refs = others = sent = 0
    run = catagent.stream(reader(pages), "?", mode=mode, max_steps=pages, filters=ALL, timeout=0)
    async for event in run:
        others += len(encode(event))
        if isinstance(event, ev.LlmStarted):
            messages = json.loads(encode(event))["data"]["messages"]
            found = [json.dumps(m, separators=(",", ":")) for m in messages if "ref" in m]
            refs, sent = refs + sum(map(len, found)) + len(found), sent + len(messages)
    return refs, others - refs, sent


@pytest.mark.parametrize(
    ("mode", "few", "many"),
    [
        ("steps", 10, 40),
        ("log", 10, 40),
        ("events", 10, 40),
        pytest.param("events", 50, 200, marks=pytest.mark.full),
    ],
)
def test_a_step_takes_as_much_of_a_recording_as_the_one_before(
    mode: Mode, few: int, many: int
) -> None:
    (_, before, _), (refs, after, sent) = (asyncio.run(sizes(n, mode)) for n in (few, many))
    assert after / many < 1.05 * before / few
    assert refs <= SHORT * sent
    assert after / many < 20 * len(PAGE)
