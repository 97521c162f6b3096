"""Objects -> JSON values. A message is whole once in a segment, and a number after that.

What JSON has no form for is a dict of one key that begins with `$`. No property, repr or comparison
of a stranger's class is called.
"""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import math
import weakref
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import date, time
from enum import Enum
from operator import is_
from pathlib import PurePath
from typing import Any, NamedTuple
from uuid import UUID

from langchain_core.messages import BaseMessage

DEEPEST = 40
LONGEST = 1 << 20
CUT = " [cut by catagent]"
# Of one record: a character counts as one, and every value as so many more.
MOST = 16 << 20
_EACH = 64
_MOST_INT = 2**63
_FIELDS = (
    *("content", "id", "name", "tool_calls", "invalid_tool_calls", "tool_call_chunks"),
    *("additional_kwargs", "response_metadata", "usage_metadata"),
    *("tool_call_id", "status", "artifact", "role"),
)
# Of a chunk, these follow from others.
_DERIVED = frozenset({"tool_calls", "invalid_tool_calls"})
# What programs change in place: a mark for the cache in a block, an argument that a person edited.
_CHANGED_IN_PLACE = ("content", "tool_calls", "additional_kwargs")
# LangChain's and LangGraph's classes that have a form of their own, and their fields.
_TAGGED = {
    "Command": ("$command", ("graph", "update", "resume", "goto")),
    "Send": ("$send", ("node", "arg", "timeout")),
    "Interrupt": ("$interrupt", ("value", "id", "interrupt_id")),
    "Document": ("$document", ("id", "page_content", "metadata")),
}
dumps: Callable[[Any], str] = json.JSONEncoder(
    check_circular=False, allow_nan=False, separators=(",", ":")
).encode


class _Known(NamedTuple):
    message: Callable[[], BaseMessage | None]
    marks: list[Any]
    number: int


class Encoder:
    """Makes JSON values; `forget` where a new segment begins, or a record was not written."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._forms: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._left = MOST

    def forget(self) -> None:
        """Send every message whole again."""
        self._known.clear()
        self._forms.clear()

    def begin(self) -> None:
        """Allow a record as much as one may hold."""
        self._left = MOST

    def value(self, value: Any, depth: int = 0) -> Any:
        """The JSON value of any object."""
        kind = type(value)
        self._left -= _EACH
        if kind is bool or value is None:
            return value
        if kind is str:
            return self._text(value)
        if kind is int:
            return value if -_MOST_INT <= value < _MOST_INT else _unserialisable(value)
        if kind is float:
            return value if math.isfinite(value) else _unserialisable(value)
        if depth > DEEPEST or self._left < 0:
            return _unserialisable(value)
        return self._object(value, depth + 1)

    def _text(self, text: str) -> str:
        self._left -= len(text)
        if len(text) <= LONGEST and self._left >= 0:
            return text
        return text[: LONGEST if self._left >= 0 else 0] + CUT

    def _object(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return self._dict(value, depth)
        if isinstance(value, (list, tuple, AbstractSet)):
            return self.items(value, depth)
        if isinstance(value, BaseMessage):
            known = self._message(value, depth)
            return {"$m": known} if isinstance(known, int) else known
        if isinstance(value, (str, int, float, Enum, bytes, bytearray, date, time, UUID, PurePath)):
            return self._scalar(value, depth)
        if isinstance(value, BaseException):
            return {"type": type(value).__name__, "message": self._text(said_by(value))}
        return self._record(value, depth)

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        found = {_key(key): self.value(each, depth) for key, each in list(dict.items(value))}
        return {"$d": found} if any(key[:1] == "$" for key in found) else found

    def _scalar(self, value: Any, depth: int) -> Any:
        if isinstance(value, Enum):
            return self.value(value._value_, depth)
        if isinstance(value, str):
            return self._text(str.__str__(value))
        if isinstance(value, int):
            return self.value(int(value), depth)
        if isinstance(value, float):
            return self.value(float(value), depth)
        if isinstance(value, (bytes, bytearray)):
            return {"$bytes": self._text(base64.b64encode(value).decode())}
        return value.isoformat() if isinstance(value, (date, time)) else str(value)

    def _record(self, value: Any, depth: int) -> Any:
        kind, fields = type(value), fields_of(value)
        if fields is None:
            return _unserialisable(value)
        tag, names = _TAGGED.get(kind.__name__, ("", ()))
        if tag and kind.__module__.startswith(("langgraph.", "langchain_core.")):
            found = ((name, getattr(value, name, None)) for name in names)
            return {tag: {k: self.value(v, depth) for k, v in found if v is not None}}
        form = {_key(name): self.value(each, depth) for name, each in fields.items()}
        return {"$o": class_name(kind), "v": form}

    def items(self, values: Iterable[Any], depth: int = 0, *, prompt: bool = False) -> list[Any]:
        """The JSON values of a list's items; `prompt` for what a model is sent."""
        found: list[Any] = []
        for value in list(values):
            if not isinstance(value, BaseMessage):
                found.append(self.value(value, depth))
                continue
            known = self._message(value, depth, prompt=prompt)
            if not isinstance(known, int):
                found.append(known)
            elif found and found[-1].__class__ is _Run and found[-1].last + 1 == known:
                found[-1].last = known
            else:
                found.append(_Run(known))
        return [each.value() if each.__class__ is _Run else each for each in found]

    def chunk(self, message: BaseMessage) -> dict[str, Any]:
        """A piece of a message that is streamed: it has no number."""
        return {"$m": None, **self._form(message, 1, _DERIVED)}

    def _message(self, message: BaseMessage, depth: int, *, prompt: bool = False) -> Any:
        """The number of a message that is known, else the message whole."""
        values = message.__dict__
        marks = list(_marks(values))
        known = self._known.get(id(message))
        if known is not None and known.message() is not message:
            known = None
        if known is not None and _are_same(marks, known.marks):
            return known.number
        form = self._form(message, depth)
        # Two that are alike may be two: but for what a model is sent, and where they have an id.
        key = hash(dumps(form)) if prompt or values.get("id") else None
        number = None if key is None else self._forms.get(key)
        found: Any = number
        if number is None:
            number = next(self._numbers)
            found = {"$m": number, **form, **({} if known is None else {"of": known.number})}
        if key is not None:
            self._forms[key] = number
        self._remember(message, marks, number, is_new=found is not number)
        return found

    def _remember(
        self, message: BaseMessage, marks: list[Any], number: int, *, is_new: bool
    ) -> None:
        key, table = id(message), self._known
        try:
            held: Any = weakref.ref(message, lambda _: table.pop(key, None))
        except TypeError:  # of a model of pydantic 1: kept, and let go of with the segment
            held = (lambda: message) if is_new else lambda: None
        table[key] = _Known(held, marks, number)

    def _form(
        self, message: BaseMessage, depth: int, without: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        values = message.__dict__
        known = ((name, values.get(name)) for name in _FIELDS if name not in without)
        fields = {name: self.value(each, depth) for name, each in known if _says(each)}
        return {"c": _message_class(message), "v": {"type": values.get("type"), **fields}}


class _Run:
    """Known messages whose numbers follow one another."""

    def __init__(self, first: int) -> None:
        self.first = self.last = first

    def value(self) -> dict[str, Any]:
        return {"$m": self.first if self.first == self.last else [self.first, self.last]}


def _marks(values: dict[str, Any]) -> Iterator[Any]:
    """What a message is made of: all the same, while nothing in it was changed."""
    yield from values.values()
    for name in _CHANGED_IN_PLACE:
        held = values.get(name)
        if held and held.__class__ is not str:
            yield from _held(held, 3)


def _held(value: Any, depth: int) -> Iterator[Any]:
    inner: Iterable[Any] = ()
    if value.__class__ is dict:
        yield from value
        inner = value.values()
    elif value.__class__ is list:
        inner = value
    for each in inner:
        yield each
        if depth > 1 and (each.__class__ is dict or each.__class__ is list):
            yield from _held(each, depth - 1)


def _are_same(marks: list[Any], others: list[Any]) -> bool:
    return len(marks) == len(others) and all(map(is_, marks, others))


def _says(value: Any) -> bool:
    """Whether a field of a message has something in it; of strangers' classes, that it is there."""
    empty = value is None or (isinstance(value, (str, list, dict, tuple)) and not len(value))
    return not empty


def _message_class(message: BaseMessage) -> str:
    """LangChain's own class that a message is of, or is derived from."""
    own = (kind for kind in type(message).__mro__ if kind.__module__.startswith("langchain_core."))
    return next(own, BaseMessage).__name__


def fields_of(value: Any) -> dict[str, Any] | None:
    """The fields of a dataclass, a pydantic model or a struct; None of anything else."""
    kind = type(value)
    if isinstance(value, type):
        return None
    if hasattr(kind, "__pydantic_fields_set__") or hasattr(kind, "__fields_set__"):
        return {**value.__dict__, **(getattr(value, "__pydantic_extra__", None) or {})}
    names = getattr(kind, "__struct_fields__", ())
    if dataclasses.is_dataclass(kind):
        names = tuple(field.name for field in dataclasses.fields(kind))
    elif not names and kind.__name__ != "Send":
        return None
    return {name: getattr(value, name, None) for name in names}


def class_name(kind: type) -> str:
    """`module.Class`."""
    return f"{kind.__module__}.{kind.__qualname__}"


def said_by(error: BaseException) -> str:
    """The words of an exception; none where its own `__str__` fails."""
    try:
        return str(error)
    except Exception:
        return ""


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    plain = key is None or isinstance(key, (int, float, UUID))
    return str(key) if plain else f"<{class_name(type(key))}>"


def _unserialisable(value: Any) -> dict[str, str]:
    return {"$unserialisable": class_name(type(value))}
