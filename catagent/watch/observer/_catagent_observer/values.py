"""Objects -> JSON values. A message is whole once in a segment, and a number after that.

What JSON has no form for is a dict whose first key begins with `$`. No property and no repr of a
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
from datetime import date, time
from enum import Enum
from pathlib import PurePath
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from langchain_core.messages import BaseMessage

CUT = " [cut by catagent]"
_DEEPEST = 40
_LONGEST = 1 << 20
# Of one record: a character counts as one, and every value as so many more.
_MOST = 16 << 20
_EACH = 64
_MOST_INT = 2**63
# So many messages at the end of a list are compared in all their depth, those before them less so.
_NEWEST = 16
# Of a chunk, these follow from others.
_FOLLOWS = ("tool_calls", "invalid_tool_calls")
dumps: Callable[[Any], str] = json.JSONEncoder(
    check_circular=False, allow_nan=False, separators=(",", ":")
).encode


class _Known(NamedTuple):
    """A message that is known whole, and what it was like: its fields, and all that is in them."""

    number: int
    fields: dict[str, Any]
    whole: dict[str, Any]
    held: Any
    is_own: bool  # the number stands for no other message that is alike


class Encoder:
    """Makes JSON values; `forget` where a segment begins, or what was made is not written."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._alike: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._left = _MOST

    def forget(self) -> None:
        """Send every message whole again."""
        self._known.clear()
        self._alike.clear()

    def begin(self) -> None:
        """Allow a record as much as one may hold."""
        self._left = _MOST

    def value(self, value: Any, depth: int = 0) -> Any:
        """The JSON value of any object. Never an exception: what has none is named."""
        kind, forms = type(value), self._forms
        self._left -= _EACH
        if kind is str:
            return self._text(value)
        if kind is bool or value is None:
            return value
        if (kind is int and -_MOST_INT <= value < _MOST_INT) or (
            kind is float and math.isfinite(value)
        ):
            return value
        if kind in (int, float) or depth > _DEEPEST or self._left < 0:
            return _unserialisable(kind)
        try:
            form = next((forms[base] for base in kind.__mro__ if base in forms), Encoder._object)
            return form(self, value, depth + 1)
        except Exception:  # whatever a stranger's class does
            return _unserialisable(kind)

    def prompt(self, messages: Iterable[Any]) -> list[Any]:
        """What a model is sent: agents make its messages anew at every step."""
        return self._items(messages, 0, is_prompt=True)

    def chunk(self, message: Any) -> Any:
        """A piece of a message that is streamed, which has no number; or text."""
        if not isinstance(message, BaseMessage):
            return self.value(message)
        fields = {k: v for k, v in message.__dict__.items() if k not in _FOLLOWS}
        return {"$m": None, "v": self._fields(fields, 1)}

    def _text(self, text: str) -> str:
        self._left -= len(text)
        if len(text) <= _LONGEST and self._left >= 0:
            return text
        return text[: _LONGEST if self._left >= 0 else 0] + CUT

    def _dict(self, value: Any, depth: int) -> Any:
        found = {_key(key): self.value(each, depth) for key, each in list(dict.items(value))}
        return {"$d": found} if any(key[:1] == "$" for key in found) else found

    def _bytes(self, value: Any, _: int) -> Any:
        return {"$bytes": self._text(base64.b64encode(value).decode())}

    def _exception(self, value: Any, _: int) -> Any:
        return {"type": type(value).__name__, "message": self._text(said_by(value))}

    def _object(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if hasattr(kind, "__pydantic_fields_set__") or hasattr(kind, "__fields_set__"):
            fields = {**value.__dict__, **(getattr(value, "__pydantic_extra__", None) or {})}
        elif dataclasses.is_dataclass(kind):
            names = [field.name for field in dataclasses.fields(kind)]
            fields = {name: getattr(value, name, None) for name in names}
        elif class_name(kind) == "langgraph.types.Send":
            fields = {name: getattr(value, name, None) for name in ("node", "arg", "timeout")}
        else:
            return _unserialisable(kind)
        form = {_key(name): self.value(each, depth) for name, each in fields.items()}
        return {"$o": class_name(kind), "v": form}

    def _items(self, values: Iterable[Any], depth: int, *, is_prompt: bool = False) -> list[Any]:
        """Known messages whose numbers follow one another are a range of them."""
        found: list[Any] = []
        first = last = -1
        values, table = list(values), self._known
        older = len(values) - _NEWEST
        for at, value in enumerate(values):
            held = table.get(id(value))
            known: Any = None
            if held and (held.fields if at < older else held.whole) == value.__dict__:
                known = held.number
            elif issubclass(type(value), BaseMessage):
                known = self._new(value, depth, is_prompt=is_prompt)
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

    def _new(self, message: BaseMessage, depth: int, *, is_prompt: bool = False) -> Any:
        """A message whole, with its number; or the number of one that is just like it."""
        form = self._fields(message.__dict__, depth)
        # Two that are alike may be two: but for what a model is sent, and where they have an id.
        key = hash(dumps(form)) if is_prompt or message.__dict__.get("id") else None
        known = None if key is None else self._alike.get(key)
        before = self._known.get(id(message))
        own = before.number if before and before.is_own else None
        number = known or own or next(self._numbers)
        if key is not None:
            self._alike[key] = number
        self._remember(message, number, is_own=key is None)
        return {"$m": number, "v": form} if known is None else known

    def _remember(self, message: BaseMessage, number: int, *, is_own: bool) -> None:
        key, table, fields = id(message), self._known, message.__dict__
        try:
            held: Any = weakref.ref(message, lambda _: table.pop(key, None))
        except TypeError:  # of a model of pydantic 1: kept, and let go of with the segment
            held = message
        table[key] = _Known(number, dict(fields), _copied(fields, 4), held, is_own)

    def _fields(self, fields: dict[str, Any], depth: int) -> dict[str, Any]:
        """Those of a message that say something."""
        said = ((name, value) for name, value in list(fields.items()) if not _is_empty(value))
        return {name: self.value(value, depth) for name, value in said}

    _forms: ClassVar[dict[type, Callable[[Any, Any, int], Any]]] = {
        dict: _dict,
        **dict.fromkeys((list, tuple, set, frozenset), _items),
        BaseMessage: lambda self, value, depth: self._items([value], depth)[0],
        Enum: lambda self, value, depth: self.value(value._value_, depth),
        str: lambda self, value, _: self._text(str.__str__(value)),
        int: lambda self, value, _: self.value(int(value)),
        float: lambda self, value, _: self.value(float(value)),
        **dict.fromkeys((date, time), lambda _self, value, _: value.isoformat()),
        **dict.fromkeys((UUID, PurePath), lambda _self, value, _: str(value)),
        **dict.fromkeys((bytes, bytearray), _bytes),
        BaseException: _exception,
    }


def _copied(value: Any, depth: int) -> Any:
    """Its lists and dicts anew, so that a change in them is seen: a cache's mark, an argument."""
    kind = type(value)
    if kind is dict and depth:
        return {name: _copied(each, depth - 1) for name, each in value.items()}
    return [_copied(each, depth - 1) for each in value] if kind is list and depth else value


def _is_empty(value: Any) -> bool:
    return value is None or (type(value) in (str, list, dict) and not value)


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
