"""Blocks that are neither text nor reasoning, as LangChain's `content_blocks` reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

Block = dict[str, Any]

# Whose forms a block may have that is not in that of its message's provider: passed on, or of a
# model that does not say whose it is.
_OTHERS = ("anthropic", "openai")
# What stands outside of a message's content, but is content.
_OUTSIDE = frozenset({"reasoning_content", "reasoning", "refusal", "audio", "citations"})
_OUTSIDE |= {"tool_outputs", "executed_tools"}
_GROUNDING = "grounding_metadata"


def read(item: Block, provider: str | None) -> list[Block]:
    """The standard blocks of one item of a message's content, which stays as it is.

    `provider` is LangChain's `model_provider`. What nobody reads is of type `non_standard`.
    """
    spelled = _spelled({key: value for key, value in item.items() if key != "index"})
    for form in dict.fromkeys((None, provider, *_OTHERS)):
        blocks = _standard([spelled], {"model_provider": form}, {})
        if blocks and not any(map(_is_unread, blocks)):
            return blocks
    return [spelled if _is_unread(spelled) else {"type": "non_standard", "value": spelled}]


def _is_unread(block: Block) -> bool:
    return block.get("type") == "non_standard"


def _standard(content: Any, metadata: dict[str, Any], kwargs: dict[str, Any]) -> list[Block]:
    # Without validation, which copies: whatever a tool returned has come this far. All defaults
    # are given, as pydantic takes 100 us to make each of them.
    message = AIMessage.model_construct(
        content=content,
        response_metadata=metadata,
        additional_kwargs=kwargs,
        tool_calls=[],
        invalid_tool_calls=[],
    )
    try:
        return list(map(dict, message.content_blocks))
    except Exception:  # a block that is not what its type says
        return []


def _spelled(item: Block) -> Block:
    """Forms of data that LangChain does not read, as their twins that it does."""
    match item:
        case {"type": "image_url" | "input_image", "image_url": str(url)}:
            return {"type": "image_url", "image_url": {"url": url}}
        case {"type": "input_file"}:
            return {"type": "file", "file": {k: v for k, v in item.items() if k != "type"}}
        case {"type": "media", "mime_type": str(mime), "data": str(data)}:
            return {"type": "file", "mime_type": mime, "base64": data}
    return item


def is_mere_text(message: Any) -> bool:
    """Whether a message or chunk whose content is a text holds nothing else to be read."""
    if (kwargs := getattr(message, "additional_kwargs", None)) and not _OUTSIDE.isdisjoint(kwargs):
        return False
    return _GROUNDING not in getattr(message, "response_metadata", ())


def mere_reasoning(message: Any) -> str | None:
    """The reasoning of a chunk without content that holds nothing else."""
    kwargs = message.additional_kwargs
    thought = kwargs.get("reasoning_content") if len(kwargs) == 1 else None
    return thought if type(thought) is str else None


def outside(message: BaseMessage, provider: str | None) -> Iterator[Any]:
    """What a message says outside of its content, but for reasoning, as items of content."""
    kwargs, grounding = message.additional_kwargs, message.response_metadata.get(_GROUNDING)
    for key in ("refusal", "audio", "citations", "tool_outputs"):
        if key in kwargs:
            yield from _outside(key, kwargs[key], message.content)
    given = {key: kwargs[key] for key in ("executed_tools", "audio") if key in kwargs}
    if given or grounding:
        # Groq's tools, Google's audio, and Google's sources, which stand at a text.
        metadata = {"model_provider": provider, _GROUNDING: grounding}
        yield from _standard([{"type": "text", "text": ""}], metadata, given)


def _outside(key: str, value: Any, content: Any) -> Iterator[Any]:
    match key, value:
        case "refusal", str() if not (isinstance(content, str) and value in content):
            yield value
        case "audio", dict():
            yield "" if content else value.get("transcript")
            yield {"type": "audio", "base64": value.get("data"), "file_id": value.get("id")}
        case "citations", list():
            yield {"type": "text", "citations": value}
        case "tool_outputs", list():
            yield from value
