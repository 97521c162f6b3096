"""Runs are read without LangChain imported, as they were in another program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    ChatMessageChunk,
    HumanMessage,
    RemoveMessage,
    ToolMessage,
    ToolMessageChunk,
)
from langchain_core.prompts import HumanMessagePromptTemplate, MessagesPlaceholder
from pydantic import BaseModel

from catagent.events import types as ev
from catagent.events.codec import decode
from catagent.sources import blocks
from catagent.sources.blocks import together
from catagent.sources.content import pieces_of
from catagent.sources.kinds import is_ai, is_message, is_tool_message

Watched = tuple[list[Any], str]
PROGRAM = Path(__file__).parent / "watched_run.py"


@pytest.fixture(scope="module")
def watched() -> Watched:
    """The events of the runs, and what was imported for them."""
    done = subprocess.run(
        [sys.executable, PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    lines = [line for line in done.stdout.splitlines() if line]
    return list(map(decode, lines)), done.stderr.strip()


def of_run(watched: Watched, root: str) -> list[Any]:
    found = watched[0]
    return [event for event in found if root in (event.run_id, *event.parent_ids)]


def test_nothing_heavy_is_imported(watched: Watched) -> None:
    assert watched[1] == "[]"


def test_a_graph_is_read_as_it_is_with_langchain(watched: Watched) -> None:
    said = [event for event in of_run(watched, "graph") if not isinstance(event, ev.Node)]
    assert [event.type for event in said] == [
        *("llm.started", "llm.token", "llm.token", "llm.finished", "action", "update"),
        *("tool.started", "llm.started", "llm.token", "llm.finished", "warning", "warning"),
        *("tool.finished", "observation", "update"),
        *("llm.started", "llm.token", "llm.token", "llm.finished", "update", "answer"),
    ]
    assert {event.call for event in of_run(watched, "find")} == {"1"}


def test_blocks_are_named_and_messages_whole_once(watched: Watched) -> None:
    events = of_run(watched, "graph")
    asked: list[Any] = [event.data for event in events if isinstance(event, ev.LlmStarted)]
    first, _, last = asked
    assert first.messages[0].content == "where?\n[image cat.png]"
    assert [type(each) for each in last.messages] == [ev.Ref, ev.Ref, ev.Ref]
    tokens = [event.data for event in events if isinstance(event, ev.LlmToken)]
    assert [(token.channel, token.delta) for token in tokens[-2:]] == [
        ("block", "[web]"),
        ("text", "on the sofa"),
    ]


def test_what_would_end_a_run_of_ours_is_a_warning(watched: Watched) -> None:
    """The program went on: LangChain does not see that an answer is broken."""
    events = of_run(watched, "graph")
    broken = [event.data for event in events if isinstance(event, ev.Warned)][-1]
    assert broken.code == "broken_message"
    failed = next(each for each in events if each.name == "inner" and each.type == "llm.finished")
    assert failed.data.error.message == broken.message


def test_times_are_those_of_the_clock(watched: Watched) -> None:
    first = next(event for event in watched[0] if isinstance(event, ev.LlmFinished))
    assert (first.data.ttft_s, first.data.duration_s) == (0.125, 0.25)


def test_an_executors_tools_at_once_are_told_apart(watched: Watched) -> None:
    events = [event for event in of_run(watched, "executor") if not isinstance(event, ev.Node)]
    assert [(event.type, event.call) for event in events] == [
        *(("action", "1"), ("action", "2")),
        *(("tool.started", "2"), ("tool.finished", "2"), ("observation", "2")),
        *(("tool.started", "1"), ("tool.finished", "1"), ("observation", "1")),
        ("answer", None),
    ]


class Stranger(BaseModel):
    """A model of somebody's that has what messages have."""

    type: str = "ai"
    content: str = ""
    response_metadata: dict[str, str] = {}


class Unhashable(type):
    """What classes may be of."""

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (AIMessage(""), (True, True, False)),
        (AIMessageChunk(content=""), (True, True, False)),
        (ToolMessage("", tool_call_id=""), (True, False, True)),
        (ToolMessageChunk(content="", tool_call_id=""), (True, False, True)),
        (ChatMessage(content="", role=""), (True, False, False)),
        (ChatMessageChunk(content="", role=""), (True, False, False)),
        (HumanMessage(""), (True, False, False)),
        (RemoveMessage("1"), (True, False, False)),
        *(
            (other, (False,) * 3)
            for other in (
                {"type": "ai", "content": ""},
                "ai",
                None,
                AIMessage,
                Document(""),
                Stranger(),
                MessagesPlaceholder("x"),
                HumanMessagePromptTemplate.from_template("x"),
                Unhashable("AIMessage", (), {})(),
            )
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds_of_messages(value: Any, kinds: tuple[bool, ...]) -> None:
    asked = (is_message, is_ai, is_tool_message)
    assert tuple(is_kind(value) for is_kind in asked) == kinds


def test_a_subclass_of_a_strangers_is_a_message() -> None:
    class Mine(AIMessage):
        pass

    assert is_ai(Mine(content=""))


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "url": "https://x/y.png", "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
        {"type": "input_image", "image_url": "https://x/y.png"},
        {"type": "input_file", "file_url": "https://x/y.pdf"},
        {"type": "media", "mime_type": "image/png", "data": "aGk="},
        {"type": "file", "file": {"file_id": "f1"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk="}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}},
        {"type": "image", "source_type": "base64", "mime_type": "image/png", "data": "aGk="},
        {"type": "server_tool_use", "id": "s", "name": "web", "input": {"query": "cat"}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"url": "x"}]},
        {"type": "new", "of": "a provider"},
    ],
    ids=str,
)
def test_blocks_are_named_as_langchain_reads_them(
    block: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = AIMessage([{"type": "server_tool_use", "id": "s", "name": "web", "input": {}}, block])
    named = pieces_of(message)
    monkeypatch.setattr(blocks, "langchain", lambda _: None)
    assert pieces_of(message) == named


def test_pieces_of_a_block_are_put_together() -> None:
    pieces: list[Any] = [
        {"type": "a", "index": 0, "text": "b", "of": {"x": "1"}, "all": [1]},
        {"type": "a_delta", "index": 0, "text": "c", "of": {"x": "2"}, "all": [2], "id": None},
    ]
    assert together(*pieces) == {
        "type": "a",
        "index": 0,
        "text": "bc",
        "of": {"x": "12"},
        "all": [1, 2],
    }
