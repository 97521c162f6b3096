"""Content keeps its blocks whole, and its text names what is not text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
    messages_from_dict,
)
from langgraph.types import Command
from msgspec import UNSET

from catagent.events.codec import encode_plain
from catagent.sources.messages import message_of, output_text, tool_content

PDF = "data:application/pdf;base64,aGlh"
PNG: dict[str, Any] = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
CALL = {"name": "f", "args": {"a": [1, None]}, "id": "1", "type": "tool_call"}
BAD = {"name": "f", "args": "{", "id": "2", "error": "no JSON", "type": "invalid_tool_call"}

MESSAGES: list[BaseMessage] = [
    HumanMessage("q", id="1", name="me"),
    HumanMessage([{"type": "text", "text": "what is it?"}, PNG]),
    AIMessage("a", id="2", name="cat", tool_calls=[CALL], invalid_tool_calls=[BAD]),
    AIMessage([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "a"}, PNG]),
    AIMessage("a", additional_kwargs={"reasoning_content": "hm", "audio": {"id": "1"}}),
    ToolMessage("o", tool_call_id="1", name="f", id="3", artifact={"rows": [1, 2]}),
    ToolMessage([PNG, "text", {"type": "json", "json": {"a": 1}}], tool_call_id="1"),
    ToolMessage("no", tool_call_id="1", status="error", artifact=0),
    SystemMessage("be a cat", additional_kwargs={"__openai_role__": "developer"}),
    ChatMessage(content="x", role="critic"),
    FunctionMessage(content="x", name="f"),
    RemoveMessage(id="3"),
]


def loaded(form: dict[str, Any]) -> BaseMessage:
    """The message that LangChain makes of a line's JSON, without the names that are ours."""
    fields = {name: value for name, value in form.items() if value not in (None, [])}
    calls = fields.pop("tool_calls", [])
    for kind in ("tool_calls", "invalid_tool_calls"):
        chosen = [call for call in calls if bool(call["error"]) == (kind != "tool_calls")]
        if chosen:
            fields[kind] = [{k: v for k, v in call.items() if v is not None} for call in chosen]
    fields["content"] = fields.pop("blocks", fields["content"])
    kind = fields.pop("type")
    if kind == "remove":
        del fields["content"]
    (message,) = messages_from_dict([{"type": kind, "data": fields}])
    return message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_can_be_loaded_again_whole(message: BaseMessage) -> None:
    assert loaded(json.loads(encode_plain(message_of(message)))) == message


def test_what_is_empty_is_absent() -> None:
    form = json.loads(encode_plain(message_of(HumanMessage("q"))))
    assert form.keys() == {"type", "content", "id", "name", "tool_call_id", "tool_calls"}


def test_raw_tool_calls_of_a_provider_are_not_repeated() -> None:
    kwargs = {"tool_calls": [{"id": "1"}], "refusal": None, "x": object()}
    form = message_of(AIMessage("", tool_calls=[CALL], additional_kwargs=kwargs))
    assert isinstance(form.additional_kwargs, dict)
    assert form.additional_kwargs.keys() == {"x"}
    alone = AIMessage("", additional_kwargs={"function_call": {"name": "f", "arguments": "{}"}})
    assert message_of(alone).additional_kwargs == alone.additional_kwargs


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (PNG, "[image image/png, 2 bytes]"),
        ({"type": "image", "url": "https://x.org/y.png"}, "[image https://x.org/y.png]"),
        ({"type": "image", "url": "data:image/png;base64,aGk="}, "[image image/png, 2 bytes]"),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            "[image image/png, 2 bytes]",
        ),
        ({"type": "input_image", "image_url": "https://x.org"}, "[image https://x.org]"),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "a/b", "data": "aA=="}},
            "[image a/b, 1 byte]",
        ),
        (
            {
                "type": "file",
                "file": {"file_data": PDF, "filename": "a.pdf"},
            },
            "[file a.pdf application/pdf, 3 bytes]",
        ),
        ({"type": "file", "file_id": "f-1"}, "[file f-1]"),
        (
            {
                "type": "input_file",
                "file_data": PDF,
                "filename": "a.pdf",
            },
            "[file a.pdf application/pdf, 3 bytes]",
        ),
        ({"type": "media", "mime_type": "video/mp4", "data": "aGk="}, "[file video/mp4, 2 bytes]"),
        (
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
            "[audio audio/wav, 2 bytes]",
        ),
        ({"type": "json", "json": {"a": "ü"}}, '{"a": "ü"}'),
        ({"type": "text-plain", "text": "t", "mime_type": "text/plain"}, "t"),
        ({"type": "input_text", "text": "t"}, "t"),
        ({"type": "image_url", "image_url": 7}, '{"type": "image_url", "image_url": 7}'),
        ({"type": "file", "source_type": "text"}, '{"type": "file", "source_type": "text"}'),
        ({"type": "odd", "x": b"hi"}, '{"type": "odd", "x": {"$bytes": "aGk="}}'),
    ],
)
def test_a_block_that_is_not_text_is_named(block: dict[str, Any], name: str) -> None:
    assert output_text(ToolMessage([block], tool_call_id="1")) == name
    assert message_of(HumanMessage([block])).content == name


def test_a_named_block_stands_on_a_line_of_its_own() -> None:
    content: list[Any] = ["a", {"type": "text", "text": "b"}, PNG, PNG, "c"]
    text = "ab\n[image image/png, 2 bytes]\n[image image/png, 2 bytes]\nc"
    assert output_text(ToolMessage(content, tool_call_id="1")) == text
    assert message_of(AIMessage(content)).content == output_text(AIMessage(content)) == text


def test_a_bare_list_of_blocks_is_named_only_where_it_holds_data() -> None:
    assert output_text([PNG]) == "[image image/png, 2 bytes]"
    for value in (["a", "b"], [], [{"type": "file", "path": "a"}], [{"type": "text", "text": "a"}]):
        assert output_text(value) == json.dumps(value)


def test_the_content_of_a_tool_is_kept_where_it_is_more_than_a_text() -> None:
    assert tool_content("a") is UNSET
    assert tool_content(ToolMessage("a", tool_call_id="1")) is UNSET
    assert tool_content({"a": {1}}) == {"a": [1]}
    form = tool_content(ToolMessage([PNG], tool_call_id="1"))
    assert form["blocks"] == [PNG]
    assert tool_content(ToolMessage("a", tool_call_id="1", artifact=[1]))["artifact"] == [1]
    message = ToolMessage("a", tool_call_id="1")
    command = tool_content(Command(goto="b", update={"messages": [message]}))["$command"]
    assert command["goto"] == "b"
    assert [each["content"] for each in command["update"]["messages"]] == ["a"]


def test_nothing_is_told_from_a_list_an_object_and_a_value_that_are_empty() -> None:
    assert output_text(ToolMessage([], tool_call_id="1")) == "[]"
    assert output_text(ToolMessage("", tool_call_id="1")) == ""
    empty: list[Any] = [[], {}, None, 0, ""]
    assert list(map(output_text, empty)) == ["[]", "{}", "null", "0", ""]
