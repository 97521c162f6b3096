"""LangChain's messages and model results as our plain Message, ToolCall and Usage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from catagent.events import types as ev
from catagent.sources.content import exactly, lines, of_blocks, pieces_of
from catagent.sources.kinds import is_ai, is_message, is_tool_message
from catagent.sources.plain import plain

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_MOST = 2**53
_INVALID = "the arguments are not valid JSON"


def tool_calls_of(message: BaseMessage) -> list[ev.ToolCall]:
    """The tool calls of a model's message; those that could not be parsed carry an error."""
    if not is_ai(message):
        return []
    found: list[tuple[Any, str | None]] = [(call, None) for call in message.tool_calls]
    found += [(call, call["error"] or _INVALID) for call in message.invalid_tool_calls]
    return [
        ev.ToolCall(id=call["id"], name=call["name"] or "", args=plain(call["args"]), error=error)
        for call, error in found
    ]


def has_raw_call(message: BaseMessage) -> bool:
    """Whether a call stands in the message as OpenAI's API has it, for agents of the old kind."""
    return any(message.additional_kwargs.get(key) for key in ("tool_calls", "function_call"))


def message_of(message: BaseMessage) -> ev.Message:
    """The message as plain data, from which LangChain can make it again."""
    said = message.content
    form = ev.Message(
        # LangChain's word for its kind, of a chunk too: `ToolMessageChunk` is a `tool`.
        type=message.type.removesuffix("MessageChunk").lower(),
        # As it is where it is a text: LangChain makes the message again of that.
        content=exactly(said) if isinstance(said, str) else message_text(message),
        id=message.id,
        name=message.name,
        tool_calls=tool_calls_of(message),
    )
    if isinstance(message.content, list) and message.content:
        form.blocks = plain(message.content)
    if kwargs := _other_kwargs(message.additional_kwargs, form.tool_calls):
        form.additional_kwargs = kwargs
    if is_tool_message(message):
        form.tool_call_id, form.status = message.tool_call_id, message.status
        form.artifact = UNSET if message.artifact is None else plain(message.artifact)
    elif form.type == "chat":
        form.role = getattr(message, "role", "")
    return form


def _other_kwargs(kwargs: dict[str, Any], calls: list[ev.ToolCall]) -> dict[str, Any]:
    """What providers add, without what is empty, and the raw form of the tool calls."""
    told = {"tool_calls", "function_call"} if calls else set()
    found = {k: v for k, v in kwargs.items() if v is not None and k not in told}
    return {str(k): plain(v) for k, v in found.items() if not isinstance(v, str | list | dict) or v}


def usage_of(message: BaseMessage | None) -> ev.Usage | None:
    """The token counts that came with a model's message; None where nobody gave any.

    LangChain's cache of answers gives a cost alone.
    """
    given = message.usage_metadata if is_ai(message) else None
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

    What a message holds besides text is named, for a person.
    """
    if is_message(output):
        return message_text(output)
    if isinstance(output, str):
        return exactly(output)
    if pieces := of_blocks(output):
        return lines(pieces)
    try:
        return json.dumps(output, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(output)


def message_text(message: BaseMessage) -> str:
    """The text of any message, and the names of all else in it but reasoning."""
    if is_tool_message(message) and message.content == []:
        return "[]"  # which its tool returned
    return lines(pieces_of(message))


def tool_content(output: Any) -> Any:
    """What a tool returned, as `plain_content`; UNSET where its text is all of it."""
    if is_tool_message(output) and output.artifact is None:
        output = output.content if isinstance(output.content, str) else output
    return UNSET if isinstance(output, str) else plain_content(output)


def plain_content(value: Any) -> Any:
    """Plain data of anything; messages in it have the form of `message_of`."""
    return plain(value, own=_as_message)


def _as_message(value: Any, _depth: int) -> Any:
    return msgspec.to_builtins(message_of(value)) if is_message(value) else UNSET
