"""Which piece of a stream belongs to which tool call.

An index says it, or an id, where there is one; servers leave both out, or say 0 of every call. Then
a name begins a call, unless it is that of the call before, which some servers repeat with every
piece. What LangChain is given has an index, an id and a name once, and arguments as text.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

_KNOWN = {"index", "id", "type", "function", "name", "arguments", "args", "extra_content"}


@dataclass(slots=True)
class _Piece:
    index: str
    id: str
    name: str
    args: str
    extra: Any


@dataclass(slots=True)
class _Call:
    """A call as far as it is written: `given` is its server's id, `args` its last arguments."""

    place: int
    given: str = ""
    name: str = ""
    args: str = ""
    id: str = ""
    extra: Any = None

    def goes_on_with(self, piece: _Piece) -> bool:
        """Whether a piece that may be of this call is."""
        if not piece.name or not self.name:
            return True
        if piece.id and self.given and piece.id != self.given:
            return False
        if piece.name != self.name:  # a name may come in pieces, where an index says so
            return bool(piece.index) and not self.args
        # An object after an object is of another call: no JSON goes on so.
        return not (self.args.endswith("}") and piece.args.startswith("{"))

    def write(self, piece: _Piece, form: dict[str, Any]) -> None:
        """Add the piece, and what is new of it to the form that LangChain is given."""
        if not self.id:
            self.id = form["id"] = piece.id or f"call_{uuid.uuid4().hex[:24]}"
        if piece.name != self.name:
            self.name += piece.name
            form["function"]["name"] = (form["function"]["name"] or "") + piece.name or None
        form["function"]["arguments"] += piece.args
        self.given, self.args = self.given or piece.id, piece.args.rstrip() or self.args


class ToolCalls:
    """The tool calls of one streamed answer."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._known: dict[tuple[str, str], _Call] = {}
        self.extras: dict[str, Any] = {}

    def read(self, found: Any) -> list[dict[str, Any]]:
        """The pieces of one chunk as ChatOpenAI reads them. Raises ValueError for what is none.

        `extras` are what came with the calls in this chunk, by id, to be sent back with them.
        """
        self.extras = {}
        forms: dict[int, dict[str, Any]] = {}
        for piece in map(_piece, [found] if isinstance(found, dict) else found):
            call = self._call_of(piece)
            if call.place not in forms:
                function = {"name": None, "arguments": ""}
                forms[call.place] = {"index": call.place, "id": None, "function": function}
            call.write(piece, forms[call.place])
            if piece.extra and call.extra is None:
                call.extra = self.extras[call.id] = piece.extra
        return list(forms.values())

    def _call_of(self, piece: _Piece) -> _Call:
        keys = [key for key in (("index", piece.index), ("id", piece.id)) if key[1]]
        call = self._known.get(keys[0]) if keys else None
        if call is None and self._calls and not (piece.index and (piece.id or piece.name)):
            call = self._calls[-1]
        if call is None or not call.goes_on_with(piece):
            call = _Call(len(self._calls))
            self._calls.append(call)
        self._known |= dict.fromkeys(keys, call)
        return call


def _piece(found: dict[str, Any]) -> _Piece:
    if not found.keys() & _KNOWN:
        raise ValueError(found)
    function = found.get("function") or found
    index, call_id = found.get("index"), found.get("id")
    args = function.get("arguments", function.get("args"))
    return _Piece(
        index="" if index is None else str(index),
        id="" if call_id is None else str(call_id),
        name=function.get("name") or "",
        args=args if isinstance(args, str) else "" if args is None else json.dumps(args),
        extra=found.get("extra_content"),
    )
