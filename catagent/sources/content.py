"""What messages hold, as pieces in their order: text, reasoning, and the names of all else.

One reading for what models, people and tools wrote, for whole messages and for streamed chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

from catagent.events.codec import encodable
from catagent.sources import aside, blocks
from catagent.sources.blocks import Block, Piece

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

# Text and reasoning are read here, in the form of any provider: LangChain takes 15 us a piece.
_SAID: dict[Any, Literal["text", "reasoning"]] = {
    **dict.fromkeys(("text", "input_text", "refusal"), "text"),
    **dict.fromkeys(("reasoning", "thinking", "reasoning_content"), "reasoning"),
    **dict.fromkeys(("reasoning.text", "reasoning.summary"), "reasoning"),
}
_WORDS = ("text", "summary", "content")
# Calls of an agent's own tools.
_CALLS = frozenset({"tool_call", "tool_call_chunk", "invalid_tool_call"})
_CALLS |= {"tool_use", "input_json_delta", "function_call", "custom_tool_call"}
_DATA_FORMS = blocks.DATA | {"image_url", "input_image", "input_audio", "input_file", "media"}


class Reading:
    """Reads one message, chunk by chunk or as a whole.

    Text and reasoning are given as they come, another block once it is whole; citations after the
    text that they are of, and last what stands beside the content.
    """

    def __init__(self) -> None:
        self.held: list[Block] = []
        self._aside: list[Block] = []
        self._provider: str | None = None
        self._cited: list[str] = []
        self._tools: dict[str, str] = {}

    def add(self, message: BaseMessage) -> Iterator[Piece]:
        """The pieces that a message or chunk brings."""
        self._provider = message.response_metadata.get("model_provider") or self._provider
        yield from self._read(item for item in _items(message) if not _is_call(item, message))
        if not aside.is_mere_text(message) and (found := aside.content_of(message)):
            self._aside.append(found)

    def end(self) -> Iterator[Piece]:
        """What is still held."""
        yield from self._close()
        for found in merged(self._aside):
            yield from self._read(aside.items_of(found))
        yield from self._close()
        yield from self._give(Piece("note", ""))

    def _read(self, items: Iterable[Any]) -> Iterator[Piece]:
        for item in filter(None, items):
            if piece := _said(item):
                yield from self._give(piece)
                self._cited += _citations(item)
            else:
                yield from self._hold(item)

    def _give(self, piece: Piece) -> Iterator[Piece]:
        if self.held:
            yield from self._close()
        if self._cited and piece.kind != "text":
            cited, self._cited = dict.fromkeys(self._cited), []
            yield from (Piece("note", encodable(name)) for name in cited)
        if piece.text:
            yield piece

    def _hold(self, item: Any) -> Iterator[Piece]:
        block = item if isinstance(item, dict) else {"type": "non_standard", "value": item}
        if block.keys() == {"index"}:  # a block begins or ends
            return
        if self.held and block.get("index") != self.held[0]["index"]:
            yield from self._close()
        self.held.append(block)
        if block.get("index") is None:
            yield from self._close()

    def _close(self) -> Iterator[Piece]:
        """The block that was held: nothing more of it will come."""
        held, self.held = self.held, []
        for item in merged(held):
            for block in blocks.read(item, self._provider):
                if "name" in block:
                    self._tools[str(block.get("id"))] = str(block["name"])
                yield from self._give(Piece("text", blocks.transcript_of(block)))
                kind, name = blocks.name_of(block, self._tools)
                yield from self._give(Piece(kind, encodable(name)))


def pieces_of(message: BaseMessage) -> list[Piece]:
    """All that a whole message holds."""
    reading = Reading()
    return [*reading.add(message), *reading.end()]


def joined(pieces: Iterable[Piece], kind: Literal["text", "reasoning"] = "text") -> str:
    """The text, or the reasoning, in one."""
    return exactly("".join(piece.text for piece in pieces if piece.kind == kind))


def names(pieces: Iterable[Piece]) -> list[str]:
    """The names of all that is neither text nor reasoning."""
    return [piece.text for piece in pieces if piece.kind in ("data", "note")]


def lines(pieces: Iterable[Piece]) -> str:
    """Text as it is, and each name on a line of its own; no reasoning."""
    found: list[str] = []
    said = (piece for piece in pieces if piece.kind != "reasoning")
    for is_text, group in groupby(said, lambda piece: piece.kind == "text"):
        words = [piece.text for piece in group]
        found += ["".join(words)] if is_text else words
    return exactly("\n".join(found))


def answered(pieces: list[Piece]) -> str:
    """What a message says as an answer: its text and data, or if it has none, the rest."""
    return lines(piece for piece in pieces if piece.kind in ("text", "data")) or lines(pieces)


def of_blocks(value: Any) -> list[Piece]:
    """A tool's bare output where that is content blocks with an image or a file; else nothing."""
    if not isinstance(value, list) or not all(map(_is_block, value)):
        return []
    if not any(isinstance(item, dict) and item["type"] in _DATA_FORMS for item in value):
        return []
    message: Any = SimpleNamespace(content=value, additional_kwargs={}, response_metadata={})
    pieces = pieces_of(message)
    return pieces if any(piece.kind == "data" for piece in pieces) else []


def exactly(text: str) -> str:
    """The text as a plain `str`: `message.text` is of a subclass, which JSON does not know.

    A character that came in two halves, in a chunk each, is whole. Not `str(text)`, which of an
    enumeration's member gives the name.
    """
    exact = str.__str__(text)
    return exact if exact.isascii() else encodable(exact)


def _items(message: BaseMessage) -> Iterator[Any]:
    """All that a message or chunk says, in order, but for what belongs at its end."""
    content: Any = message.content
    content = content if isinstance(content, list) else [content]
    yield from _thoughts(message.additional_kwargs, content)
    yield from content
    if not aside.is_mere_text(message):
        yield from aside.said_in(message)


def _thoughts(kwargs: dict[str, Any], content: list[Any]) -> Iterator[Any]:
    """Reasoning that stands beside the content, once in whichever forms it has."""
    thought = kwargs.get("reasoning_content") or kwargs.get("reasoning")
    if thought and all(piece.kind == "text" for piece in filter(None, map(_said, content))):
        yield {"type": "reasoning", "reasoning": thought}
    if isinstance(details := kwargs.get("reasoning_details"), list):
        yield from (item for item in details if not (thought and _said(item)))


def _said(item: Any) -> Piece | None:
    """An item's text or reasoning; None of what is neither, or not what its type says."""
    if isinstance(item, str):
        return Piece("text", item)
    if not isinstance(item, dict):
        return None
    name = item.get("type") or "text" * ("text" in item)
    if name == "non_standard":
        return _said(item.get("value"))
    if not isinstance(name, str) or (kind := _SAID.get(name)) is None:
        return None
    if not isinstance(words := item.get(name), str):
        words = _words(words or next(filter(None, map(item.get, _WORDS)), ""))
    return None if words is None else Piece(kind, words)


def _words(value: Any, levels: int = 4) -> str | None:
    """Words that may stand in parts, as those of reasoning do; None of anything else."""
    if isinstance(value, str) or not levels:
        return value if isinstance(value, str) else None
    if isinstance(value, dict):  # a signature is a piece of Bedrock's reasoning
        none = "" if "signature" in value else None
        return _words(value.get("text", value.get("summary", none)), levels - 1)
    if isinstance(value, list):
        parts = [_words(part, levels - 1) for part in value]
        return None if None in parts else "".join(filter(None, parts))
    return None


def _citations(item: Any) -> Iterable[str]:
    noted = isinstance(item, dict) and (item.get("annotations") or item.get("citations"))
    return map(blocks.citation, noted if isinstance(noted, list) else [noted]) if noted else ()


def _is_block(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, dict) and isinstance(item.get("type"), str))


def _is_call(item: Any, message: Any) -> bool:
    """Whether it is a call that `tool_calls` has as well."""
    if not (isinstance(item, dict) and str(item.get("type")) in _CALLS):
        return False
    return any(getattr(message, name, None) for name in ("tool_calls", "invalid_tool_calls"))


def merged(held: list[Block]) -> list[Block]:
    """The pieces of one block as one, half by half: one after the other would be quadratic."""
    if len(held) < 2:
        return held
    middle = len(held) // 2
    return [blocks.together(*merged(held[:middle]), *merged(held[middle:]))]
