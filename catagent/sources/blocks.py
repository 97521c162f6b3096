"""The blocks of messages, in LangChain's standard form: its own `content_blocks` reads them.

It is asked item by item: one that it cannot read, or raises on, is `non_standard`, and the others
are none the worse for it. What it leaves out altogether is put into a form that it reads.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

Block = dict[str, Any]

# Whose forms an item may have where nobody says so, or where its model passes on another's.
_FORMS = (None, "anthropic", "openai", "bedrock_converse", "google_genai")
# Where text says whose words it repeats.
MARKS = frozenset({"annotations", "citations", "reference"})
_REASONING = frozenset({"reasoning_content", "reasoning", "thinking"})
# What stands outside of a message's content, but is content.
_ASIDE = frozenset({"reasoning_content", "reasoning", "refusal", "audio", "citations"})
_ASIDE |= {"tool_outputs", "executed_tools"}
_GROUNDING = "grounding_metadata"


def read(item: Any, provider: str | None = None) -> list[Block]:
    """The standard blocks of one item of a message's content, which stays as it is.

    `provider` is LangChain's `model_provider`, None for content in LangChain's own form. What
    nobody reads is of type `non_standard`.
    """
    item = item["value"] if _is_wrapped(item) else item
    spelled = _spelled(item) if isinstance(item, dict) else {"type": "text", "text": str(item)}
    is_own = spelled.get("type") in ("server_tool_call", "server_tool_result")
    for form in dict.fromkeys((None if is_own else provider, *_FORMS)):
        if found := _read_as(spelled, form):
            return found
    return [_unread(item)]


def _is_wrapped(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") == "non_standard" and "value" in item


def _read_as(item: Block, provider: str | None) -> list[Block]:
    """Its blocks in this provider's form; none where that does not read it, or not all of it."""
    metadata = {"model_provider": provider} if provider else {}
    try:
        blocks = _content_blocks([dict(item)], metadata, {})
        is_marked = any(map(item.get, MARKS)) and not any(it.get("annotations") for it in blocks)
        return blocks if not is_marked and all(map(_is_read, blocks)) else []
    except Exception:  # an item that is not what its type says
        return []


def _content_blocks(content: Any, metadata: dict[str, Any], kwargs: dict[str, Any]) -> list[Block]:
    # Without validation, which copies: whatever a tool returned has come this far. All defaults
    # are given, as pydantic takes 100 us to make each of them.
    message = AIMessage.model_construct(
        content=content,
        response_metadata=metadata,
        additional_kwargs=kwargs,
        tool_calls=[],
        invalid_tool_calls=[],
    )
    return list(map(dict, message.content_blocks))


def _is_read(block: Block) -> bool:
    match block:
        case {"type": "reasoning", "reasoning": str()}:
            return True
        case {"type": "reasoning"}:
            return block.keys().isdisjoint({"reasoning", "summary"})
        case {"type": "text", "text": str()}:
            notes = block.get("annotations") or []
            return not {"citations", "reference"} & block.keys() and all(map(_is_note, notes))
        case {"type": "text"}:
            return False
    return isinstance(kind := block.get("type"), str) and kind != "non_standard"


def _is_note(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") in ("citation", "non_standard_annotation")


def _unread(item: Any) -> Block:
    if isinstance(item, dict) and item.get("type") == "text":
        notes = [{"type": "non_standard_annotation", "value": item[k]} for k in MARKS & item.keys()]
        return {"type": "text", "text": str(item.get("text") or ""), "annotations": notes}
    return {"type": "non_standard", "value": item}


def _spelled(item: Block) -> Block:
    """Forms that LangChain does not read yet, as their twins that it does."""
    match item:
        case {"type": "refusal", "refusal": str(text)} | {"type": "input_text", "text": text}:
            return {"type": "text", "text": text}
        case {"type": "thinking", "thinking": list(parts)}:
            return {"type": "reasoning", "reasoning": _texts(parts)}
        case {"type": "reasoning", "content": [_, *_] as parts}:
            return {"type": "reasoning", "reasoning": _texts(parts)}
        case {"type": "custom_tool_call", "name": name}:
            return {"type": "tool_call", "name": name, "args": item.get("input"), "id": None}
        case {"partial_json": str(text), "name": name} if not _is_json(text):
            return {"type": "server_tool_call", "name": name, "args": text, "id": item.get("id")}
        case {"text": str(text)} if len(item) == 1:
            return {"type": "text", "text": text}
    return _spelled_data(item)


def _spelled_data(item: Block) -> Block:
    match item:
        case {"type": "image_url" | "input_image", "image_url": str(url)}:
            return {"type": "image_url", "image_url": {"url": url}}
        case {"type": "input_file"}:
            return {"type": "file", "file": {k: v for k, v in item.items() if k != "type"}}
        case {"type": "media", "mime_type": str(mime), "data": str(data)}:
            return {"type": "file", "mime_type": mime, "base64": data}
    return item


def _is_json(text: str) -> bool:
    try:
        return bool(json.loads(text) or True)
    except ValueError:  # a stream that broke off
        return False


def _texts(parts: list[Any]) -> str:
    return "".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))


def is_mere_text(message: Any) -> bool:
    """Whether a message or chunk whose content is a text holds nothing else to be read."""
    if (kwargs := getattr(message, "additional_kwargs", None)) and not _ASIDE.isdisjoint(kwargs):
        return False
    return _GROUNDING not in getattr(message, "response_metadata", ())


def items(message: BaseMessage) -> Iterator[Any]:
    """All that `read` is to read of a message or chunk, in order."""
    content: Any = message.content
    several = content if isinstance(content, list) else [content] if content else []
    kwargs = message.additional_kwargs
    if kwargs and not any(isinstance(it, dict) and it.get("type") in _REASONING for it in several):
        yield from _reasoning(kwargs)
    yield from several
    if kwargs.keys() - _REASONING:
        yield from _further(kwargs, content)
    if found := message.response_metadata.get(_GROUNDING):
        yield from _grounding(found)


def _reasoning(kwargs: dict[str, Any]) -> Iterator[Block]:
    match kwargs.get("reasoning_content") or kwargs.get("reasoning"):
        case str(text):
            yield {"type": "reasoning", "reasoning": text}
        case dict(item):  # of OpenAI's Responses in LangChain's first form of them
            yield {**item, "type": "reasoning"}


def _further(kwargs: dict[str, Any], content: Any) -> Iterator[Any]:
    refusal = kwargs.get("refusal")
    if isinstance(refusal, str) and not (isinstance(content, str) and refusal in content):
        yield refusal
    match kwargs.get("audio"):
        case dict(audio):
            yield {"type": "text", "text": "" if content else audio.get("transcript") or ""}
            yield {"type": "audio", "base64": audio.get("data"), "file_id": audio.get("id")}
        case bytes(data):
            yield {"type": "audio", "base64": base64.b64encode(data).decode()}
    for tool in _list(kwargs.get("executed_tools")):
        yield from _of_provider("groq", kwargs={"executed_tools": [tool]})
    yield from _list(kwargs.get("tool_outputs"))
    for source in _list(kwargs.get("citations")):
        yield _cited(source)


def _cited(source: Any) -> Block:
    note = {"url": source} if isinstance(source, str) else source
    known = {"type": "citation", **note} if isinstance(note, dict) else {"type": "citation"}
    return {"type": "text", "text": "", "annotations": [known]}


def _grounding(found: Any) -> list[Block]:
    text = {"type": "text", "text": ""}
    return _of_provider("google_genai", [text], metadata={_GROUNDING: found})


def _of_provider(provider: str, content: Any = "", **beside: dict[str, Any]) -> list[Block]:
    """What LangChain reads beside the content of this provider's messages."""
    metadata = {"model_provider": provider, **beside.get("metadata", {})}
    try:
        return _content_blocks(content, metadata, beside.get("kwargs", {}))
    except Exception:  # not what LangChain expects
        return [{"type": "non_standard", "value": beside}]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
