"""Blocks of the commonest forms, read and merged where LangChain is not there to do it."""

from __future__ import annotations

from typing import Any

Block = dict[str, Any]

# What each piece of a block repeats.
_REPEATED = frozenset({"type", "id", "name", "index"})


def together(one: Block, other: Block) -> Block:
    """Two pieces of a block as one."""
    whole = {**one, **{key: value for key, value in other.items() if value is not None}}
    for key in one.keys() & other.keys() - _REPEATED:
        first, second = one[key], other[key]
        if type(first) is type(second) and isinstance(first, str | list):
            whole[key] = first + second
        elif isinstance(first, dict) and isinstance(second, dict):
            whole[key] = together(first, second)
    return whole


def as_standard(block: Block) -> Block:
    """A block in LangChain's own form, as far as it is known; any other as it is."""
    match block:
        case {"type": "image_url", "image_url": {"url": url}}:
            return {"type": "image", "url": url}
        case {"type": "input_audio", "input_audio": {"data": data, **more}}:
            return {"type": "audio", "base64": data, "mime_type": f"audio/{more.get('format', '')}"}
        case {"type": "file", "file": dict(file)}:
            return {"type": "file", "url": file.get("file_data"), **file}
        case {"type": "image" | "document" as kind, "source": dict(source)}:
            data = {"base64": source.get("data"), "mime_type": source.get("media_type")}
            return {**block, **source, **data, "type": "image" if kind == "image" else "file"}
        case {"source_type": "base64", "data": data}:
            return {**block, "base64": data}
        case {"type": "server_tool_use", "name": name}:
            args = block.get("input")
            return {"type": "server_tool_call", "id": block.get("id"), "name": name, "args": args}
        case {"type": str(kind), "tool_use_id": call, **more} if kind.endswith("_tool_result"):
            output = more.get("content")
            return {"type": "server_tool_result", "tool_call_id": call, "output": output}
    return block
