"""A model's message as a server streams it: in pieces, or again and again with more in it."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from catagent.remote.objects import Json, message_of
from catagent.sources.content import joined, merged, pieces_of
from catagent.sources.standins import message


@dataclass
class Streamed:
    """The message that the model run `run_id`, in the node of namespace `ns`, writes."""

    run_id: str
    ns: str
    pieces: list[Json] = field(default_factory=list)
    text: str = ""
    is_open: bool = True

    def add(self, fields: Json, said: Any) -> Any:
        """Take the next piece, or all that was written so far; return what is new, as a chunk."""
        if "Chunk" in said.type:
            self.pieces.append(fields)
            return said
        self.pieces, before = [fields], self.text
        self.text = joined(pieces_of(said))
        new = self.text.removeprefix(before)
        return message({"type": "AIMessageChunk", "content": new, "id": said.id})

    def whole(self) -> Any:
        """The message, of all pieces."""
        fields: Json = {**merged(self.pieces)[0], "type": "ai"}
        usage = Counter[str]()
        for piece in self.pieces:
            told = (piece.get("usage_metadata") or {}).items()
            usage.update({name: count for name, count in told if type(count) is int})
        fields["usage_metadata"] = {**(fields.get("usage_metadata") or {}), **usage} or None
        return message_of(fields | _calls(fields.pop("tool_call_chunks", None)))


def _calls(pieces: list[Json] | None) -> Json:
    """The tool calls that were written in these pieces; nothing where the message has them."""
    if pieces is None:
        return {}
    written: dict[Any, Json] = {}
    for piece in pieces:
        key = len(written) if piece["index"] is None else piece["index"]
        call = written.setdefault(key, {"name": "", "args": "", "id": piece["id"], "error": None})
        call["name"] += piece["name"] or ""
        call["args"] += piece["args"] or ""
    calls = [(call, _parsed(call["args"])) for call in written.values()]
    return {
        "tool_calls": [{**call, "args": args} for call, args in calls if args is not None],
        "invalid_tool_calls": [call for call, args in calls if args is None],
    }


def _parsed(args: str) -> Json | None:
    try:
        found = json.loads(args or "{}")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
