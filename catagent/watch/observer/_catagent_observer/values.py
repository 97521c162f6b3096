"""Objects -> JSON values. A message is whole once in a segment, and a number after that.

What JSON has no form for is a dict of one key that begins with `$`. No property and no repr of a
stranger's class is called.
"""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import math
import weakref
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from datetime import date, time
from enum import Enum
from pathlib import PurePath
from typing import Any, NamedTuple
from uuid import UUID

from langchain_core.messages import BaseMessage

CUT = " [cut by catagent]"
_DEEPEST = 40
_LONGEST = 1 << 20
# Of one record: a character counts as one, and every value as so many more.
_MOST = 16 << 20
_EACH = 64
_MOST_INT = 2**63
_FIELDS = (
    *("content", "id", "name", "tool_calls", "invalid_tool_calls", "tool_call_chunks"),
    *("additional_kwargs", "response_metadata", "usage_metadata"),
    *("tool_call_id", "status", "artifact", "role"),
)
# Of a chunk, these follow from others.
_FIELDS_OF_CHUNKS = tuple(name for name in _FIELDS if not name.endswith("tool_calls"))
# LangChain's and LangGraph's classes that have a form of their own, and their fields.
_TAGGED = {
    "Command": ("$command", ("graph", "update", "resume", "goto")),
    "Send": ("$send", ("node", "arg", "timeout")),
    "Interrupt": ("$interrupt", ("value",)),
    "Document": ("$document", ("id", "page_content", "metadata")),
}
dumps: Callable[[Any], str] = json.JSONEncoder(
    check_circular=False, allow_nan=False, separators=(",", ":")
).encode


class _Known(NamedTuple):
    """A message that is known whole, and what it was like: it costs a comparison of two dicts."""

    message: Callable[[], BaseMessage | None]
    values: dict[str, Any]
    number: int


class Encoder:
    """Makes JSON values; `forget` where a segment begins, or what was made is not written."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._forms: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._left = _MOST

    def forget(self) -> None:
        """Send every message whole again."""
        self._known.clear()
        self._forms.clear()

    def begin(self) -> None:
        """Allow a record as much as one may hold."""
        self._left = _MOST

    def value(self, value: Any, depth: int = 0) -> Any:
        """The JSON value of any object. Never an exception: what has none is named."""
        kind = type(value)
        self._left -= _EACH
        if kind is str:
            return self._text(value)
        if kind is bool or value is None:
            return value
        if kind is int:
            return value if -_MOST_INT <= value < _MOST_INT else _unserialisable(kind)
        if kind is float:
            return value if math.isfinite(value) else _unserialisable(kind)
        if depth > _DEEPEST or self._left < 0:
            return _unserialisable(kind)
        try:
            return self._object(value, kind, depth + 1)
        except Exception:  # whatever a stranger's class does
            return _unserialisable(kind)

    def prompt(self, messages: Iterable[Any]) -> list[Any]:
        """What a model is sent: agents make its messages anew at every step."""
        return self._items(messages, 0, is_prompt=True)

    def chunk(self, message: Any) -> Any:
        """A piece of a message that is streamed, which has no number; or text."""
        if not isinstance(message, BaseMessage):
            return self.value(message)
        return {"$m": None, **self._form(message, 1, _FIELDS_OF_CHUNKS)}

    def _text(self, text: str) -> str:
        self._left -= len(text)
        if len(text) <= _LONGEST and self._left >= 0:
            return text
        return text[: _LONGEST if self._left >= 0 else 0] + CUT

    def _object(self, value: Any, kind: type, depth: int) -> Any:
        if issubclass(kind, dict):
            found = {_key(key): self.value(each, depth) for key, each in list(dict.items(value))}
            return {"$d": found} if any(key[:1] == "$" for key in found) else found
        if issubclass(kind, (list, tuple, AbstractSet)):
            return self._items(value, depth)
        if issubclass(kind, BaseMessage):
            known = self._message(value, depth)
            return {"$m": known} if isinstance(known, int) else known
        if issubclass(kind, Enum):
            return self.value(value._value_, depth)
        found = self._scalar(value, kind)
        return self._record(value, kind, depth) if found is None else found

    def _scalar(self, value: Any, kind: type) -> Any:
        if issubclass(kind, str):
            return self._text(str.__str__(value))
        if issubclass(kind, (int, float)):
            return self.value(int(value) if issubclass(kind, int) else float(value))
        if issubclass(kind, (bytes, bytearray)):
            return {"$bytes": self._text(base64.b64encode(value).decode())}
        if issubclass(kind, (date, time)):
            return value.isoformat()
        if issubclass(kind, (UUID, PurePath)):
            return str(value)
        if issubclass(kind, BaseException):
            return {"type": kind.__name__, "message": self._text(said_by(value))}
        return None

    def _record(self, value: Any, kind: type, depth: int) -> Any:
        is_known = kind.__module__.startswith(("langgraph.", "langchain_core."))
        if is_known and kind.__name__.startswith("ChatGeneration"):
            return self.value(value.message, depth)
        if is_known and kind.__name__.startswith("Generation"):
            text, info = value.text, value.generation_info
            return {"$text": self.value(text, depth), "info": self.value(info, depth)}
        if is_known and kind.__name__ in _TAGGED:
            tag, names = _TAGGED[kind.__name__]
            found = {name: getattr(value, name, None) for name in names}
            if kind.__name__ == "Interrupt":
                found["id"] = interrupt_id(value)
            return {tag: {k: self.value(v, depth) for k, v in found.items() if v is not None}}
        fields = _fields_of(value, kind)
        if fields is None:
            return _unserialisable(kind)
        form = {_key(name): self.value(each, depth) for name, each in fields.items()}
        return {"$o": class_name(kind), "v": form}

    def _items(self, values: Iterable[Any], depth: int, *, is_prompt: bool = False) -> list[Any]:
        found: list[Any] = []
        first = last = -1
        for value in list(values):
            known: Any = self._number_of(value)
            if known is None and issubclass(type(value), BaseMessage):
                known = self._message(value, depth, is_prompt=is_prompt)
            if type(known) is not int:
                found.append(known or self.value(value, depth))
                first = last = -1
            elif known == last + 1:
                last = known
                found[-1]["$m"] = [first, last]
            else:
                first = last = known
                found.append({"$m": known})
        return found

    def _number_of(self, value: Any) -> int | None:
        """The number of a message that is known as it is."""
        known = self._known.get(id(value))
        if known is None or known.message() is not value or known.values != value.__dict__:
            return None
        return known.number

    def _message(self, message: BaseMessage, depth: int, *, is_prompt: bool = False) -> Any:
        """The number of a message that is known as it is, else the message whole."""
        number = self._number_of(message)
        if number is not None:
            return number
        before = self._known.get(id(message))
        form = self._form(message, depth, _FIELDS)
        # Two that are alike may be two: but for what a model is sent, and where they have an id.
        key = hash(dumps(form)) if is_prompt or message.__dict__.get("id") else None
        found: Any = None if key is None else self._forms.get(key)
        if found is None:
            number = next(self._numbers)
            found = {"$m": number, **form}
            if before is not None and before.message() is message:
                found["of"] = before.number
        self._remember(message, number or found, is_new=number is not None)
        if key is not None:
            self._forms[key] = number or found
        return found

    def _remember(self, message: BaseMessage, number: int, *, is_new: bool) -> None:
        key, table = id(message), self._known
        try:
            held: Any = weakref.ref(message, lambda _: table.pop(key, None))
        except TypeError:  # of a model of pydantic 1: kept, and let go of with the segment
            held = (lambda: message) if is_new else lambda: None
        table[key] = _Known(held, _copied(message.__dict__, 4), number)

    def _form(self, message: BaseMessage, depth: int, names: tuple[str, ...]) -> dict[str, Any]:
        values, own = message.__dict__, type(message).__mro__
        kind = next(kind for kind in own if kind.__module__.startswith("langchain_core."))
        found = ((name, values.get(name)) for name in names)
        fields = {name: self.value(each, depth) for name, each in found if _says(each)}
        return {"c": kind.__name__, "v": {"type": values.get("type"), **fields}}


def _copied(value: Any, depth: int) -> Any:
    """Its lists and dicts anew, so that a change in them is seen: a cache's mark, an argument."""
    kind = type(value)
    if kind is dict and depth:
        return {name: _copied(each, depth - 1) for name, each in value.items()}
    return [_copied(each, depth - 1) for each in value] if kind is list and depth else value


def _says(value: Any) -> bool:
    """Whether there is something in a field of a message."""
    return value is not None and not (type(value) in (str, list, dict) and not value)


def _fields_of(value: Any, kind: type) -> dict[str, Any] | None:
    """The fields of a dataclass, a pydantic model or a struct; None of anything else."""
    if hasattr(kind, "__pydantic_fields_set__") or hasattr(kind, "__fields_set__"):
        return {**value.__dict__, **(getattr(value, "__pydantic_extra__", None) or {})}
    if dataclasses.is_dataclass(kind):
        names: Any = [field.name for field in dataclasses.fields(kind)]
    else:
        names = getattr(kind, "__struct_fields__", None)
    return None if names is None else {name: getattr(value, name, None) for name in names}


def interrupt_id(interrupt: Any) -> Any:
    """The id of an Interrupt of LangGraph's, of any version."""
    known = getattr(interrupt, "id", None)
    return getattr(interrupt, "interrupt_id", None) if known is None else known


def class_name(kind: type) -> str:
    """`module.Class`."""
    return f"{kind.__module__}.{kind.__qualname__}"


def said_by(value: object) -> str:
    """The words of an exception; none where its own `__str__` fails."""
    try:
        return str(value)
    except Exception:
        return ""


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    is_plain = key is None or isinstance(key, (int, float, UUID))
    return str(key) if is_plain else f"<{class_name(type(key))}>"


def _unserialisable(kind: type) -> dict[str, str]:
    return {"$unserialisable": class_name(kind)}
