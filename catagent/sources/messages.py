"""LangChain's messages and model results as our plain Message, ToolCall and Usage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from catagent.events import types as ev
from catagent.events.codec import encodable
from catagent.sources.plain import plain

# Finish reasons of an incomplete text, in the providers' words.
FILTERED = frozenset({"content_filter", "refusal", "SAFETY"})
CUT_SHORT = FILTERED | {"length", "max_tokens", "MAX_TOKENS", "incomplete"}


def text_of(content: Any) -> str:
    """The text in a message's content, a string or a list of content blocks."""
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


def message_of(message: BaseMessage) -> ev.Message:
    """The message as plain data."""
    return ev.Message(
        type="ai" if isinstance(message, AIMessage) else message.type,
        content=text_of(message.content),
        id=message.id,
        name=message.name,
        tool_call_id=message.tool_call_id if isinstance(message, ToolMessage) else None,
        tool_calls=tool_calls_of(message),
    )


def messages_of(messages: Any) -> list[ev.Message]:
    """The messages among `messages`, one or many, as plain data."""
    several = messages if isinstance(messages, Sequence) else [messages]
    return [message_of(message) for message in several if isinstance(message, BaseMessage)]


def usage_of(message: BaseMessage) -> ev.Usage | None:
    """The token counts that came with a model's message, or None."""
    usage = message.usage_metadata if isinstance(message, AIMessage) else None
    if usage is None:
        return None
    return ev.Usage(
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        total_tokens=usage["total_tokens"],
        cached_tokens=usage.get("input_token_details", {}).get("cache_read", 0) or 0,
        reasoning_tokens=usage.get("output_token_details", {}).get("reasoning", 0) or 0,
    )


def finish_reason_of(message: BaseMessage) -> str | None:
    """Why the model stopped, in its provider's own word."""
    metadata = message.response_metadata
    reason = metadata.get("finish_reason") or metadata.get("stop_reason")
    reason = reason or metadata.get("done_reason") or metadata.get("status")
    return None if reason is None else str(reason)


def output_text(output: Any) -> str:
    """What a tool returned, as its agent gets to see it: text as it is, else JSON if it can be."""
    if isinstance(output, BaseMessage):
        return text_of(output.content)
    if isinstance(output, str):
        return exactly(output)
    try:
        return json.dumps(output, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(output)
