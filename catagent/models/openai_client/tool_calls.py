"""Which piece of a stream belongs to which tool call.

An index says it, where there is one. Servers leave it out, or say 0 of every call; ids and names
are missing, are repeated with every piece, or change. What LangChain is given has an index, an id
and a name once, and arguments as text.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

_SIGNS = re.compile(r'\\.?|["{}]', re.DOTALL)
_KNOWN = frozenset({"index", "id", "type", "function", "name", "arguments"})


@dataclass(slots=True)
class _Piece:
    index: str
    id: str
    name: str
    args: str
    says_type: bool
    extra: Any

    def __bool__(self) -> bool:
        return bool(self.id or self.name or self.args or self.extra)


@dataclass(slots=True)
class _Call:
    """A call as far as it is written: `given` is its server's id, `id` that or one of ours."""

    place: int
    given: str
    id: str
    name: str = ""
    args: list[str] = field(default_factory=list)
    size: int = 0
    depth: int = 0
    in_text: bool = False
    is_escaped: bool = False
    begun: bool = False
    extra: Any = None

    @property
    def is_whole(self) -> bool:
        """Whether the arguments are an object that was closed."""
        return self.size > 0 and self.depth == 0 and not self.in_text

    def repeats(self, piece: _Piece) -> bool:
        """Whether the piece is all of the call once more."""
        pinned = piece.index or (piece.id and piece.id == self.given)
        if not pinned or piece.name != self.name or len(piece.args) != self.size:
            return False
        return piece.args == "".join(self.args)

    def write(self, name: str, args: str) -> None:
        """Add to the name and the arguments."""
        self.name += name
        self.args.append(args)
        self.size += len(args)
        signs = _SIGNS.findall(args[self.is_escaped :])
        if args:
            self.is_escaped = signs[-1:] == ["\\"]
        for sign in signs:
            if sign == '"':
                self.in_text = not self.in_text
            elif sign in "{}" and not self.in_text:
                self.depth += 1 if sign == "{" else -1


class ToolCalls:
    """The tool calls of one streamed answer."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._at: dict[tuple[str, str], _Call] = {}
        self.extras: dict[str, Any] = {}

    def read(self, found: Any) -> list[dict[str, Any]]:
        """The pieces of one chunk as ChatOpenAI reads them. Raises ValueError for what is none.

        `extras` are what came with the calls in this chunk, by id, to be sent back with them.
        """
        self.extras = {}
        pieces = list(map(_piece, [found] if isinstance(found, dict) else found))
        forms: dict[int, dict[str, Any]] = {}
        for place, piece in enumerate(pieces):
            call = self._seems(piece, place if len(pieces) > 1 else -1)
            if piece and (call is None or self._begins(piece, call, again=call.place in forms)):
                call = self._new(piece)
            if call is not None and piece:
                _merge(forms, self._add(call, piece))
        return list(forms.values())

    def _seems(self, piece: _Piece, place: int) -> _Call | None:
        """The call that a piece seems to be of; `place` is its own in a list of several."""
        if piece.index and (("index", piece.index) in self._at or piece.name or piece.id):
            return self._at.get(("index", piece.index))
        if piece.id and ("id", piece.id) in self._at:
            return self._at["id", piece.id]
        if not (piece.id or piece.name) and 0 <= place < len(self._calls):
            return self._calls[place]
        return self._calls[-1] if self._calls else None

    def _begins(self, piece: _Piece, call: _Call, *, again: bool) -> bool:
        """Whether a piece is the first of a call of its own. `again`: this chunk had one of it."""
        other_id = bool(piece.id and call.given and piece.id != call.given)
        if not piece.name:
            return other_id and not piece.index and call.is_whole
        if not piece.index and (other_id or again):
            return True
        if not call.name or call.repeats(piece):
            return False
        if piece.name != call.name:
            # A name may come in pieces, but not once there are arguments.
            return bool(call.size or other_id or (piece.says_type and not piece.index))
        return bool(other_id or piece.args.strip()) and call.is_whole

    def _new(self, piece: _Piece) -> _Call:
        made_up = f"call_{uuid.uuid4().hex[:24]}"
        call = _Call(len(self._calls), piece.id, piece.id or made_up)
        self._calls.append(call)
        return call

    def _add(self, call: _Call, piece: _Piece) -> dict[str, Any]:
        call.given = call.given or piece.id
        self._at["index", piece.index] = self._at["id", piece.id] = call
        name = "" if piece.name == call.name or call.size else piece.name
        args = "" if call.repeats(piece) else piece.args
        call.write(name, args)
        if piece.extra and call.extra is None:
            call.extra = self.extras[call.id] = piece.extra
        form: dict[str, Any] = {"index": call.place, "id": None if call.begun else call.id}
        form["type"], call.begun = "function", True
        return {**form, "function": {"name": name or None, "arguments": args}}


def _merge(forms: dict[int, dict[str, Any]], form: dict[str, Any]) -> None:
    """Add a piece to those of its chunk: LangChain adds up those of several chunks alone."""
    function = forms.setdefault(form["index"], form)["function"]
    if function is not form["function"]:
        function["name"] = (function["name"] or "") + (form["function"]["name"] or "") or None
        function["arguments"] += form["function"]["arguments"]


def _piece(found: dict[str, Any]) -> _Piece:
    if found and not found.keys() & _KNOWN:
        raise ValueError(found)
    function = found if found.get("function") is None else found["function"]
    index, call_id, args = found.get("index"), found.get("id"), function.get("arguments")
    return _Piece(
        index="" if index is None else str(index),
        id="" if call_id is None else str(call_id),
        name=function.get("name") or "",
        args=args if isinstance(args, str) else "" if args is None else json.dumps(args),
        says_type="type" in found,
        extra=found.get("extra_content"),
    )
