"""What stands for a block that is not text: its kind, and what is known of it, in one line."""

from __future__ import annotations

import json
from typing import Any

from catagent.sources.blocks import Block
from catagent.sources.plain import plain

DATA = frozenset({"image", "audio", "video", "file", "text-plain"})
"""The types of blocks that hold what was made or sent, and not how that came about."""

# Where providers have Base64, and how much of it tells that it is.
_ENCODED = frozenset({"data", "base64", "signature"})
_HEAD = 100


def name_of(block: Block, tools: dict[str, str] | None = None) -> str:
    """The line for a block: data by type and size, calls and results of servers' tools as JSON.

    Empty for a result that says no more than that its call went well. `tools` has the names of the
    servers' tools by the id of their call.
    """
    try:
        return _known(block, tools or {})
    except Exception:  # a block that is not what its type says
        return as_json(_without_data(block))


def _known(block: Block, tools: dict[str, str]) -> str:
    match kind := block["type"]:
        case "text-plain" if "text" in block:
            return str(block["text"])
        case _ if kind in DATA and (source := data_of(block)):
            return f"[{kind} {source}]"
        case "server_tool_call" | "server_tool_call_chunk" | "tool_call" | "invalid_tool_call":
            return _line(_tool(block), block.get("args"))
        case "server_tool_result":
            return _result(block, tools)
        case "citation":
            return _citation(block)
        case "non_standard" | "non_standard_annotation":
            return _unknown(block.get("value"))
    return as_json(block)


def as_json(value: Any) -> str:
    """Any value as JSON in one line."""
    return json.dumps(plain(value), ensure_ascii=False)


def data_of(block: Block) -> str:
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


def _tool(block: Block) -> str:
    extras = block.get("extras") or {}
    return " ".join(filter(None, [block.get("name") or "tool", extras.get("tool_name")]))


def _result(block: Block, tools: dict[str, str]) -> str:
    extras = block.get("extras") or {}
    tool = tools.get(str(block.get("tool_call_id")))
    kind = str(extras.get("block_type") or "tool")
    tool = tool or kind.removesuffix("_result").removesuffix("_tool") or "tool"
    status = extras.get("status") or block.get("status") or "success"
    words = [tool, "result", "" if status == "success" else str(status)]
    said = block.get("output") or extras.get("error")
    return _line(" ".join(filter(None, words)), said) if said or words[-1] else ""


def _citation(block: Block) -> str:
    extras = block.get("extras") or {}
    title, url = (block.get(key) or extras.get(key) for key in ("title", "url"))
    words = [str(word) for word in (title, url) if word]
    if not url and block.get("cited_text"):
        words.append(as_json(block["cited_text"]))
    return _line("citation", " ".join(words) or block)


def _unknown(value: Any) -> str:
    if isinstance(value, dict) and value.keys() <= {"type", "json"} and "json" in value:
        value = value["json"]
    return as_json(_without_data(value))


def _line(words: str, value: Any) -> str:
    if isinstance(value, str):
        said = as_json(value) if "\n" in value else value
    else:
        said = as_json(_without_data(value)) if value else ""
    return f"[{' '.join(filter(None, [words, said]))}]"


def _without_data(value: Any) -> Any:
    """The value with its size in the place of encoded data, which says nothing to a person."""
    match value:
        case dict():
            return {key: _within(str(key), item) for key, item in value.items()}
        case list():
            return list(map(_without_data, value))
        case str() if value.startswith("data:") and ";base64," in value[:_HEAD]:
            return f"[{data_of({'url': value})}]"
    return value


def _within(key: str, item: Any) -> Any:
    if not isinstance(item, str):
        return _without_data(item)
    is_encoded = key in _ENCODED and len(item) > _HEAD and " " not in item[:_HEAD]
    return f"[{_size(item)}]" if is_encoded or key.startswith("encrypted") else _without_data(item)
