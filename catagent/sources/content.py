"""What messages hold, as pieces in their order: text, reasoning, and the names of all else.

One reading for what models, people and tools wrote, for whole messages and for streamed chunks.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Literal, NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage, merge_content

from catagent.events.codec import encodable
from catagent.sources.block_names import DATA, data_of, name_of
from catagent.sources.blocks import MARKS, Block, items, read

# Calls of an agent's own tools, which stand in `tool_calls` as well.
_CALLS = frozenset({"tool_call", "tool_call_chunk", "invalid_tool_call"})
_CALLS |= {"tool_use", "input_json_delta", "function_call", "custom_tool_call"}
_DATA_FORMS = DATA | {"image_url", "input_image", "input_audio", "input_file", "media"}


class Piece(NamedTuple):
    """A piece of a message. A `text` of kind `data` or `note` is the line that names a block.

    Data is part of what was said: an image, a file. A note says how that came about: a search of
    the server's, a citation.
    """

    kind: Literal["text", "reasoning", "data", "note"]
    text: str


class Reading:
    """Reads one message, chunk by chunk or as a whole.

    Text and reasoning are given as they come; another block once it is whole, which is when the
    next one begins or the message ends. Citations come after the text that they are of.
    """

    def __init__(self) -> None:
        self._provider: str | None = None
        self._found: list[Piece] = []
        self._open: list[Block] = []
        self._cited: list[str] = []
        self._tools: dict[str, str] = {}

    @property
    def is_within_block(self) -> bool:
        """Whether a block is held that text would come after."""
        return bool(self._open)

    def add(self, message: BaseMessage) -> list[Piece]:
        """The pieces that a message or chunk brings."""
        metadata = message.response_metadata
        self._provider = metadata.get("model_provider") or self._provider
        if metadata.get("output_version") == "v1":  # then it is in LangChain's own form
            self._provider = None
        for item in items(message):
            if piece := _plain_piece(item):
                self._give(piece)
            elif self._open and _is_same(self._open[0], item):
                self._open.append(item)
            elif not (_is_empty(item) or (_is_call(item) and _calls_tools(message))):
                self._begin(item)
        return self._taken()

    def end(self) -> list[Piece]:
        """What is still held."""
        self._close()
        self._give_citations()
        return self._taken()

    def _taken(self) -> list[Piece]:
        found, self._found = self._found, []
        return found

    def _begin(self, item: Any) -> None:
        self._close()
        blocks = self._blocks(item)
        comes_in_pieces = isinstance(item, dict) and item.get("index") is not None
        if comes_in_pieces and not all(block["type"] in ("text", "reasoning") for block in blocks):
            self._open = [item]
        else:
            self._give_all(blocks)

    def _close(self) -> None:
        """The block that was held: nothing more of it will come."""
        held, self._open = self._open, []
        for item in _merged(held):
            self._give_all(self._blocks(item))

    def _blocks(self, item: Any) -> list[Block]:
        if isinstance(item, dict):
            item = {key: value for key, value in item.items() if key != "index"}
        return read(item, self._provider)

    def _give_all(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            match block["type"]:
                case "text":
                    self._give(Piece("text", block["text"]))
                    self._cited += map(name_of, block.get("annotations") or ())
                case "reasoning":
                    self._give(Piece("reasoning", block.get("reasoning") or ""))
                case kind:
                    if kind.startswith("server_tool_call"):
                        self._tools[str(block.get("id"))] = str(block.get("name"))
                    name = encodable(name_of(block, self._tools))
                    self._give(Piece("data" if kind in DATA else "note", name))

    def _give(self, piece: Piece) -> None:
        if not piece.text:
            return
        if self._open:
            self._close()
        if self._cited and piece.kind != "text":
            self._give_citations()
        self._found.append(piece)

    def _give_citations(self) -> None:
        cited, self._cited = self._cited, []
        self._found += (Piece("note", encodable(name)) for name in dict.fromkeys(cited))


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


def named(content: list[Any]) -> str:
    """A list of content blocks that is in no message."""
    return lines(pieces_of(HumanMessage.model_construct(content=content)))


def holds_data(value: Any) -> bool:
    """Whether a tool's bare output is a list of content blocks, with an image or a file in it."""
    if not isinstance(value, list) or not all(map(_is_block, value)):
        return False
    data = (item for item in value if isinstance(item, dict) and item["type"] in _DATA_FORMS)
    return any(data_of(block) for item in data for block in read(item) if block["type"] in DATA)


def exactly(text: str) -> str:
    """The text as a plain `str`: `message.text` is of a subclass, which JSON does not know.

    A character that came in two halves, in a chunk each, is whole. Not `str(text)`, which of an
    enumeration's member gives the name.
    """
    exact = str.__str__(text)
    return exact if exact.isascii() else encodable(exact)


def _plain_piece(item: Any) -> Piece | None:
    """What nearly every item is: text or reasoning, and nothing else."""
    if isinstance(item, str):
        return Piece("text", item)
    kind = item.get("type") if isinstance(item, dict) else None
    if kind == "text" and MARKS.isdisjoint(item):
        text = item.get("text")
    elif kind == "thinking" or kind == "reasoning":
        text = item.get(kind)
    else:
        return None
    return Piece("text" if kind == "text" else "reasoning", text) if isinstance(text, str) else None


def _is_block(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, dict) and isinstance(item.get("type"), str))


def _calls_tools(message: BaseMessage) -> bool:
    calls = ("tool_calls", "tool_call_chunks", "invalid_tool_calls")
    return any(getattr(message, name, None) for name in calls)


def _is_call(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("type")) in _CALLS


def _is_empty(item: Any) -> bool:
    """Whether it only says that a block begins or ends."""
    return not item or (isinstance(item, dict) and item.keys() == {"index"})


def _is_same(held: Block, item: Any) -> bool:
    """Whether it is a further piece of the block that is held, as LangChain joins them."""
    if not isinstance(item, dict) or item.get("index") != held["index"]:
        return False
    ids = [each["id"] for each in (held, item) if each.get("id")]
    return len(ids) < 2 or ids[0] == ids[1]


def _merged(held: list[Block]) -> list[Any]:
    """The pieces of one block as one, two by two: one after the other would be quadratic."""
    whole, joined_to = list[Any](held), list[Any]()
    try:
        while len(whole) > 1 and len(whole) != len(joined_to):
            pairs = [whole[at : at + 2] for at in range(0, len(whole), 2)]
            joined_to, whole = whole, [block for pair in pairs for block in _pair(*pair)]
    except Exception:  # pieces that do not fit together
        return held
    return whole


def _pair(first: Any, *second: Any) -> list[Any]:
    return [*merge_content([first], list(second))]
