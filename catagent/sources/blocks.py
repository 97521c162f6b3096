"""Blocks that are neither text nor reasoning: LangChain's `content_blocks` reads them.

Each has a line that stands for it: its kind, and what is known of it.
"""

import json
import re
from typing import Any, Literal, NamedTuple

from catagent.events.codec import map_leaves
from catagent.sources.kinds import langchain
from catagent.sources.plain import plain

Block = dict[str, Any]

# What each piece of a block repeats.
_REPEATED = frozenset({"type", "id", "name", "index"})


def together(one: Block, other: Block) -> Block:
    """Two pieces of a block as one, whose type and names are those of the first."""
    whole = dict(one)
    for key, more in other.items():
        first: Any = one.get(key)
        if isinstance(first, dict) and isinstance(more, dict):
            whole[key] = together(first, more)
        elif type(first) is type(more) and isinstance(more, str | list):
            whole[key] = first if key in _REPEATED else first + more
        elif more is not None:
            whole[key] = more
    return whole


def as_standard(block: Block) -> Block:
    """A block in LangChain's own form, as far as it is known; any other as it is."""
    match block:
        case {"type": "image_url" | "input_image", "image_url": {"url": url} | str(url)}:
            return {"type": "image", "url": url}
        case {"type": "input_audio", "input_audio": {"data": data, **more}}:
            return {"type": "audio", "base64": data, "mime_type": f"audio/{more.get('format', '')}"}
        case {"type": "file", "file": dict(file)} | {"type": "input_file", **file}:
            data = str(file.get("file_data") or file.get("file_url") or "")
            return {"url" if ":" in data else "base64": data, **file, "type": "file"}
        case {"type": "image" | "document" as kind, "source": dict(source)}:
            data = {"base64": source.get("data"), "mime_type": source.get("media_type")}
            return {**block, **source, **data, "type": "image" if kind == "image" else "file"}
        case {"type": kind, "data": data} if kind == "media" or "source_type" in block:
            return {**block, "base64": data, "type": "file" if kind == "media" else kind}
        case {"type": "server_tool_use", "name": name}:
            args = block.get("input")
            return {"type": "server_tool_call", "id": block.get("id"), "name": name, "args": args}
        case {"type": str(kind), "tool_use_id": call, **more} if kind.endswith("_tool_result"):
            output = more.get("content")
            return {"type": "server_tool_result", "tool_call_id": call, "output": output}
    return block


# Whose forms a block may have that is not in that of its message's provider: passed on, or of a
# model that does not say whose it is.
_OTHERS = ("anthropic", "openai")
DATA = frozenset({"image", "audio", "video", "file", "text-plain"})
"""The types of blocks that hold what was made or sent, and not how that came about."""
# Base64 or the like, which says nothing to a person.
_ENCODED = re.compile(r"(data:[^,\s]*,)?[\w+/=-]{100,}", re.ASCII)


class Piece(NamedTuple):
    """A piece of a message. A `text` of kind `data` or `note` is the line that names a block.

    Data is part of what was said: an image, a file. A note says how that came about: a search of
    the server's, a citation.
    """

    kind: Literal["text", "reasoning", "data", "note"]
    text: str


def read(item: Block, provider: str | None) -> list[Block]:
    """The standard blocks of one item of a message's content, which stays as it is.

    `provider` is LangChain's `model_provider`. What nobody reads stays as it is.
    """
    whole = {key: value for key, value in item.items() if key != "index"}
    for form in dict.fromkeys((None, provider, *_OTHERS)):
        blocks = standard([whole], {"model_provider": form}, {})
        if blocks and all(block.get("type") != "non_standard" for block in blocks):
            return blocks
    return [as_standard(whole)]


def standard(content: Any, metadata: dict[str, Any], kwargs: dict[str, Any]) -> list[Block]:
    """LangChain's reading of a message that has these; nothing where it fails, or is not there."""
    if (messages := langchain("messages")) is None:
        return []
    # Without validation, which copies: whatever a tool returned has come this far. All defaults
    # are given, as pydantic takes 100 us to make each of them.
    message = messages.AIMessage.model_construct(
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


def name_of(block: Block, tools: dict[str, str]) -> Piece:
    """The line for a block: data by type and size, calls and results of servers' tools as JSON.

    Empty for a result that says no more than that its call went well. `tools` has the names of the
    servers' tools by the id of their call.
    """
    try:
        data = _data(block) if block["type"] in DATA else ""
        return Piece("data", data) if data else Piece("note", _note(block, tools))
    except Exception:  # a block that is not what its type says
        return Piece("note", as_json(block))


def _note(block: Block, tools: dict[str, str]) -> str:
    match block:
        case {"type": "server_tool_call" | "server_tool_call_chunk" | "tool_call", "name": tool}:
            extras = _extras(block)
            where = extras.get("server_label"), extras.get("tool_name")
            return _line(tool or "tool", *where, block.get("args"))
        case {"type": "server_tool_result"}:
            return _result(block, tools.get(str(block.get("tool_call_id")), "tool"))
        case {"type": "non_standard", "value": value}:
            return _note(value, tools) if isinstance(value, dict) else as_json(value)
        case {"type": "json", "json": value}:
            return as_json(value)
    return as_json(block)


def _result(block: Block, tool: str) -> str:
    extras = block.get("extras") or {}
    status = extras.get("status") or block.get("status") or "success"
    said = block.get("output") or extras.get("error")
    is_fine = status == "success"
    return "" if is_fine and not said else _line(tool, "result", "" if is_fine else status, said)


def citation(note: Any) -> str:
    """The line for a citation or source, in whichever form its provider has it."""
    match note:
        case str():
            return _line("citation", note)
        case (
            {"value": dict(value)}
            | {"url_citation": dict(value)}
            | {"web": dict(value)}
            | {"retrieved_context": dict(value)}
        ):
            return citation(value)
        case dict():
            title = note.get("title") or note.get("document_title") or note.get("filename")
            url, quoted = note.get("url") or note.get("uri"), note.get("cited_text")
            quote = as_json(quoted) if quoted else "" if title or url else note
            return _line("citation", title, url, quote)
    return as_json(note)


def _data(block: Block) -> str:
    """Data by where it is, or what. Empty for a block that holds none."""
    mime, data = block.get("mime_type"), block.get("base64")
    where = str(block.get("url") or block.get("file_id") or "")
    if where.startswith("data:"):
        head, _, data = where.partition(",")
        mime, where = mime or head[5:].partition(";")[0], ""
    known = {**block, **_extras(block)}
    name = known.get("filename") or known.get("title")
    if not (where or data):
        return ": ".join(filter(None, [name, known.get("text")]))
    known_as = " ".join(filter(None, [name, mime, where]))
    return _line(block["type"], ", ".join(filter(None, [known_as, data and _size(data)])))


def _size(data: Any) -> str:
    """How much it is; text is Base64, of which four characters are three bytes."""
    size = len(data)
    if isinstance(data, str):
        size = size * 3 // 4 - data[-2:].count("=")
    return f"{size:,} byte{'s' if size != 1 else ''}"


def transcript_of(block: Block) -> str:
    """What is said in a block of audio."""
    said = {**block, **_extras(block)}.get("transcript")
    return said if block.get("type") == "audio" and isinstance(said, str) else ""


def _extras(block: Block) -> dict[str, Any]:
    extras = block.get("extras")
    return extras if isinstance(extras, dict) else {}


def _line(*words: Any) -> str:
    """The words in brackets; those that are not texts of one line as JSON, empty ones not."""
    said = (word if isinstance(word, str) and "\n" not in word else as_json(word) for word in words)
    return f"[{' '.join(text for word, text in zip(words, said, strict=True) if word)}]"


def as_json(value: Any) -> str:
    """Any value as JSON in one line, with the size of encoded data in its place."""
    return json.dumps(map_leaves(plain(value), _without_data), ensure_ascii=False)


def _without_data(leaf: Any) -> Any:
    is_data = isinstance(leaf, str) and _ENCODED.fullmatch(leaf)
    return f"[{_size(leaf.partition(',')[2] or leaf)}]" if is_data else leaf
