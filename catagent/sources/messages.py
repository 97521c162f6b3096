"""LangChain's messages and model results as our plain Message, ToolCall and Usage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, ToolMessage
from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.codec import encodable
from catagent.sources.content import holds_data, named
from catagent.sources.plain import plain

_MOST = 2**53


def text_of(content: Any) -> str:
    """What a model wrote as text, a string or a list of content blocks: its text deltas, joined."""
    if isinstance(content, str):
        return exactly(content)
    return exactly("".join(text for channel, text in block_pieces(content) if channel == "text"))


def exactly(text: str) -> str:
    """The text as a plain `str`: `message.text` is of a subclass, which JSON does not know.

    A character that came in two halves, in a chunk each, is whole. Not `str(text)`, which of an
    enumeration's member gives the name.
    """
    exact = str.__str__(text)
    return exact if exact.isascii() else encodable(exact)


def block_pieces(content: Any) -> Iterator[tuple[ev.Channel, str]]:
    """The text and reasoning in a list of content blocks, in their order."""
    for block in content if isinstance(content, list) else ():
        if isinstance(block, str):
            yield "text", block
        elif isinstance(block, dict):
            match block.get("type"):
                case "text":
                    yield "text", str(block.get("text") or "")
                case "reasoning" | "thinking":
                    yield "reasoning", str(block.get("reasoning") or block.get("thinking") or "")


def reasoning_of(message: BaseMessage) -> str:
    """The reasoning in content blocks, or where OpenAI-compatible servers put it."""
    found = "".join(text for channel, text in block_pieces(message.content) if channel != "text")
    return exactly(found or str(message.additional_kwargs.get("reasoning_content") or ""))


def tool_calls_of(message: BaseMessage) -> list[ev.ToolCall]:
    """The tool calls of a model's message; those that could not be parsed carry an error."""
    if not isinstance(message, AIMessage):
        return []
    valid = [
        ev.ToolCall(id=call["id"], name=call["name"], args=plain(call["args"]))
        for call in message.tool_calls
    ]
    invalid = [
        ev.ToolCall(
            id=call["id"],
            name=call["name"] or "",
            args=call["args"],
            error=call["error"] or "the arguments are not valid JSON",
        )
        for call in message.invalid_tool_calls
    ]
    return valid + invalid


def has_raw_call(message: BaseMessage) -> bool:
    """Whether a call stands in the message as OpenAI's API has it, for agents of the old kind."""
    return any(message.additional_kwargs.get(key) for key in ("tool_calls", "function_call"))


def message_of(message: BaseMessage) -> ev.Message:
    """The message as plain data, from which LangChain can make it again."""
    form = ev.Message(
        type=_type_of(message),
        content=output_text(message),
        id=message.id,
        name=message.name,
        tool_calls=tool_calls_of(message),
    )
    if isinstance(message.content, list) and message.content:
        form.blocks = plain(message.content)
    if kwargs := _other_kwargs(message.additional_kwargs, form.tool_calls):
        form.additional_kwargs = kwargs
    if isinstance(message, ToolMessage):
        form.tool_call_id, form.status = message.tool_call_id, message.status
        form.artifact = UNSET if message.artifact is None else plain(message.artifact)
    elif isinstance(message, ChatMessage):
        form.role = message.role
    return form


def _type_of(message: BaseMessage) -> str:
    """LangChain's word for its kind, of a chunk too: `ToolMessageChunk` is a `tool`."""
    return message.type.removesuffix("MessageChunk").lower()


def _other_kwargs(kwargs: dict[str, Any], calls: list[ev.ToolCall]) -> dict[str, Any]:
    """What providers add, without what is empty, and the raw form of the tool calls."""
    told = {"tool_calls", "function_call"} if calls else set()
    return {str(k): plain(v) for k, v in kwargs.items() if k not in told and not _is_empty(v)}


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def usage_of(message: BaseMessage) -> ev.Usage | None:
    """The token counts that came with a model's message; None where nobody gave any.

    LangChain's cache of answers gives a cost alone.
    """
    given = message.usage_metadata if isinstance(message, AIMessage) else None
    usage = ev.Usage(
        input_tokens=_count(given, "input_tokens"),
        output_tokens=_count(given, "output_tokens"),
        total_tokens=_count(given, "total_tokens"),
        cached_tokens=_count(given, "input_token_details", "cache_read"),
        reasoning_tokens=_count(given, "output_token_details", "reasoning"),
    )
    return None if usage == ev.Usage() else usage


def _count(given: Any, *path: str) -> int | None:
    for key in path:
        given = given.get(key) if isinstance(given, Mapping) else None
    return given if type(given) is int and 0 <= given < _MOST else None


def model_of(message: BaseMessage) -> str:
    """The model that wrote the message, as its server names it, or an empty text."""
    metadata = message.response_metadata
    names = (metadata.get(key) for key in ("model_name", "model", "model_id"))
    return next((name for name in names if isinstance(name, str) and name), "")


def output_text(output: Any) -> str:
    """What a tool returned, as its agent gets to see it: text as it is, else JSON if it can be.

    Images and files are named, for a person. What a model wrote is its text alone.
    """
    if isinstance(output, BaseMessage):
        if isinstance(output, AIMessage) or isinstance(output.content, str):
            return text_of(output.content)
        return exactly(named(output.content))
    if isinstance(output, str):
        return exactly(output)
    if holds_data(output):
        return exactly(named(output))
    try:
        return json.dumps(output, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(output)


def tool_content(output: Any) -> Any:
    """What a tool returned, as plain data; UNSET where its text is all of it.

    Messages in it have the form of `message_of`.
    """
    if isinstance(output, ToolMessage) and output.artifact is None:
        output = output.content if isinstance(output.content, str) else output
    return UNSET if isinstance(output, str) else plain(output, own=_as_message)


def _as_message(value: Any, _depth: int) -> Any:
    return msgspec.to_builtins(message_of(value)) if isinstance(value, BaseMessage) else UNSET
