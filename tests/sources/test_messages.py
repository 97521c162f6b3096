"""LangChain's messages become plain data, whatever provider wrote them."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda

from catagent.errors import ModelError, NetworkError
from catagent.events import types as ev
from catagent.sources import messages
from catagent.sources.base import AgentRun
from catagent.sources.content import joined, pieces_of
from catagent.sources.driven import DrivenTracker
from catagent.sources.message_checks import WrittenArgs, check_message
from catagent.sources.span import Span
from catagent.sources.to_events import EventMaker

BLOCKS: list[Any] = [
    {"type": "thinking", "thinking": "hm "},
    {"type": "reasoning", "reasoning": "so"},
    {"type": "text", "text": "a"},
    {"type": "image", "url": "x"},
    "b",
]


def span() -> Span:
    return Span("r", "chat_model", "m", [], [])


def test_content_blocks_are_split_into_text_and_reasoning() -> None:
    message = AIMessage(BLOCKS)
    assert joined(pieces_of(message)) == "ab"
    assert joined(pieces_of(message), "reasoning") == "hm so"


def test_reasoning_content_of_compatible_servers_is_found() -> None:
    message = AIMessage("a", additional_kwargs={"reasoning_content": "hm"})
    assert joined(pieces_of(message), "reasoning") == "hm"


def tokens(model: Span, chunk: Any) -> list[ev.Event]:
    """What a chunk becomes."""
    run = AgentRun(RunnableLambda(str), "", "other")
    return EventMaker(DrivenTracker(run)).tokens(model, chunk)


def token_data(model: Span, chunk: AIMessageChunk) -> list[ev.LlmTokenData]:
    """What the tokens hold that a chunk becomes."""
    found = tokens(model, chunk)
    return [event.data for event in found if isinstance(event, ev.LlmToken)]


def test_a_chunk_becomes_one_token_a_channel() -> None:
    chunk = AIMessageChunk(
        content=BLOCKS,
        tool_call_chunks=[
            {"name": "f", "args": '{"a', "id": "1", "index": 2, "type": "tool_call_chunk"}
        ],
    )
    found = [(data.channel, data.delta) for data in token_data(span(), chunk)]
    assert found == [
        ("reasoning", "hm "),
        ("reasoning", "so"),
        ("text", "a"),
        ("block", "[image x]"),
        ("text", "b"),
        ("tool_args", '{"a'),
    ]


@pytest.mark.parametrize(
    ("indexes", "numbers"), [((None, None), [0, 1]), (("a", "b", "a"), [0, 1, 0]), ((2, 1), [2, 1])]
)
def test_calls_that_a_provider_does_not_number_are_numbered(
    indexes: tuple[Any, ...], numbers: list[int]
) -> None:
    model = span()
    found = [data.index for index in indexes for data in token_data(model, argument_chunk(index))]
    assert found == numbers


def argument_chunk(index: Any) -> AIMessageChunk:
    """One piece of a call's arguments. An index that is text is no part of LangChain's types."""
    chunk = AIMessageChunk(content="")
    chunk.tool_call_chunks = [
        {"name": "f", "args": "{}", "id": "1", "index": index, "type": "tool_call_chunk"}
    ]
    return chunk


def test_reasoning_comes_before_the_text_of_its_chunk() -> None:
    chunk = AIMessageChunk(content="a", additional_kwargs={"reasoning_content": "hm"})
    found = token_data(span(), chunk)
    assert [data.channel for data in found] == ["reasoning", "text"]


def test_an_empty_chunk_gives_no_token() -> None:
    assert tokens(span(), AIMessageChunk(content="")) == []


def test_text_of_models_that_do_not_chat_is_a_token() -> None:
    from langchain_core.outputs import GenerationChunk

    (token,) = tokens(span(), GenerationChunk(text="a"))
    assert isinstance(token, ev.LlmToken)
    assert token.data.delta == "a"


def test_a_character_that_came_in_two_halves_is_one_in_the_message() -> None:
    message = AIMessageChunk(content="a\ud83d") + AIMessageChunk(content="\ude00b")
    assert messages.message_of(message).content == "a😀b"
    assert joined(pieces_of(AIMessage([{"type": "text", "text": "a\ud83d"}]))) == "a\ufffd"


def test_unparsed_tool_calls_have_an_error() -> None:
    bad = {"name": "f", "args": "{", "id": "1", "error": None, "type": "invalid_tool_call"}
    (call,) = messages.tool_calls_of(AIMessage("", invalid_tool_calls=[bad]))
    assert call.error
    assert call.args == "{"


def test_messages_are_plain() -> None:
    seen = list(map(messages.message_of, [HumanMessage("q"), ToolMessage("o", tool_call_id="1")]))
    assert [message.type for message in seen] == ["human", "tool"]
    assert seen[1].tool_call_id == "1"
    assert messages.message_of(AIMessageChunk(content="x")).type == "ai"


def test_usage_has_its_details() -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "total_tokens": 3,
        "input_token_details": {"cache_read": 4},
        "output_token_details": {"reasoning": 5},
    }
    found = messages.usage_of(AIMessage("", usage_metadata=usage))
    assert found == ev.Usage(
        input_tokens=1, output_tokens=2, total_tokens=3, cached_tokens=4, reasoning_tokens=5
    )


def written(*pieces: tuple[int | None, str]) -> WrittenArgs:
    args = WrittenArgs()
    for index, piece in pieces:
        args.add([{"index": index, "name": "f", "args": piece, "id": None}])
    return args


@pytest.mark.parametrize("provider", ["anthropic", "ollama", None])
def test_silence_on_why_it_ended_is_an_error_of_openai_servers_alone(provider: str | None) -> None:
    metadata = {"model_provider": provider} if provider else {}
    message = AIMessage("x", response_metadata=metadata)
    assert check_message(message, "m", WrittenArgs()) is None
    openai = AIMessage("x", response_metadata={"model_provider": "openai"})
    assert isinstance(check_message(openai, "m", WrittenArgs()), NetworkError)
    assert check_message(openai, "m", None) is None


def test_arguments_are_joined_by_index() -> None:
    message = AIMessage("")
    assert check_message(message, "m", written((0, '{"a'), (1, "{"), (0, '":1}'), (1, "}"))) is None
    assert isinstance(check_message(message, "m", written((0, '{"a'), (1, "{}"))), ModelError)
    assert check_message(message, "m", written((None, "{}"), (None, "{}"))) is None


@pytest.mark.parametrize("usage", [None, {"total_cost": 0}, {"input_token_details": None}, {}])
def test_usage_that_nobody_counted_is_none(usage: Any) -> None:
    """LangChain's cache of answers sets it on a message that is there, past its validation."""
    message = AIMessage("")
    message.usage_metadata = usage
    assert messages.usage_of(message) is None


def test_a_count_that_nobody_gave_is_none_and_no_zero() -> None:
    message = AIMessage("")
    usage: Any = {"input_tokens": 0, "output_tokens": 2}
    message.usage_metadata = usage
    assert messages.usage_of(message) == ev.Usage(input_tokens=0, output_tokens=2)


@pytest.mark.parametrize("key", ["model_name", "model", "model_id"])
def test_the_model_is_named_as_its_server_names_it(key: str) -> None:
    message = AIMessage("", response_metadata={"model_name": "", key: "m-2026"})
    assert messages.model_of(message) == "m-2026"
    assert messages.model_of(AIMessage("")) == ""
