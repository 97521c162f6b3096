"""Content that people and tools wrote, as a text: an image or a file is named in it.

LangChain's `content_blocks` is what reads the providers' forms of one thing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from langchain_core.messages import HumanMessage

from catagent.sources.plain import plain

_DATA = frozenset({"image", "audio", "video", "file"})


def named(content: list[Any]) -> str:
    """The text of a list of content blocks, on whose other lines stands what is not text.

    A block of data is named by kind, type and size, `[image image/png, 2 bytes]`; any other is
    its JSON.
    """
    lines: list[str] = []
    for is_text, blocks in groupby(_read(content), lambda block: block["type"] == "text"):
        words = [_text(block) if is_text else _name(block) for block in blocks]
        lines += ["".join(words)] if is_text else words
    return "\n".join(filter(None, lines))


def holds_data(value: Any) -> bool:
    """Whether a tool's bare output is a list of content blocks, with an image or a file in it."""
    if not isinstance(value, list) or not all(map(_is_block, value)):
        return False
    return any(_source(block) for block in _read(value) if block["type"] in _DATA)


def as_json(value: Any) -> str:
    """Any value as JSON in one line."""
    return json.dumps(plain(value), ensure_ascii=False)


def _is_block(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, dict) and isinstance(item.get("type"), str))


def _read(content: list[Any]) -> Iterator[dict[str, Any]]:
    """Each block as LangChain reads it; what it cannot read is of type `non_standard`."""
    for item in content:
        try:
            spelled = _spelled(item) if isinstance(item, dict) else str(item)
            # Without validation, which copies: whatever a tool returned has come this far.
            yield from map(dict, HumanMessage.model_construct(content=[spelled]).content_blocks)
        except Exception:  # a block that is not what its type says
            yield {"type": "non_standard", "value": item}


def _spelled(block: dict[str, Any]) -> dict[str, Any]:
    """Forms that LangChain does not read yet, as their twins that it does."""
    match block:
        case {"type": "image_url" | "input_image", "image_url": str(url)}:
            return {"type": "image_url", "image_url": {"url": url}}
        case {"type": "input_file"}:
            return {"type": "file", "file": {k: v for k, v in block.items() if k != "type"}}
        case {"type": "input_text", "text": text}:
            return {"type": "text", "text": text}
        case {"type": "media", "mime_type": str(mime), "data": str(data)}:
            return {"type": "file", "mime_type": mime, "base64": data}
    return block


def _text(block: dict[str, Any]) -> str:
    return str(block.get("text") or "")


def _name(block: dict[str, Any]) -> str:
    if block["type"] in _DATA and (source := _source(block)):
        return f"[{block['type']} {source}]"
    if block["type"] == "text-plain" and "text" in block:
        return _text(block)
    value = block.get("value") if block["type"] == "non_standard" else block
    if isinstance(value, dict) and value.keys() <= {"type", "json"} and "json" in value:
        value = value["json"]
    return as_json(value)


def _source(block: dict[str, Any]) -> str:
    """Where a block's data is, or what: `image/png, 2 bytes`. Empty where it holds none."""
    mime, data = block.get("mime_type") or "", block.get("base64")
    where = str(block.get("url") or block.get("file_id") or "")
    if where.startswith("data:"):
        head, _, data = where.partition(",")
        mime, where = mime or head[5:].partition(";")[0], ""
    if not (where or data):
        return ""
    extras = block.get("extras") or {}
    words = [extras.get("filename") or extras.get("title") or "", mime, where]
    known = " ".join(str(word) for word in words if word)
    return ", ".join(filter(None, [known, _size(data) if data else ""]))


def _size(data: Any) -> str:
    """How much it is; text is Base64, of which four characters are three bytes."""
    size = len(data)
    if isinstance(data, str):
        size = size * 3 // 4 - data[-2:].count("=")
    return f"{size:,} byte{'s' if size != 1 else ''}"
