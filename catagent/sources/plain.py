"""JSON-plain data of any object that LangChain hands out. Never an exception, no silent loss.

Messages, actions and documents become objects of their fields, subclasses' fields included.
What JSON cannot hold becomes the codec's placeholder; docs/events.md has the table.
"""

from __future__ import annotations

import base64
import dataclasses
import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel

from catagent.events.codec import placeholder

_TEXTUAL = (UUID, PurePath)
_MAX_DEPTH = 100
_INT_LIMIT = 2**63


def plain(value: Any, depth: int = 0) -> Any:
    """The value as dicts, lists, strings, numbers, booleans and None. Times are ISO 8601."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if -_INT_LIMIT <= value < _INT_LIMIT else placeholder(value)
    if kind is float:
        return value if math.isfinite(value) else placeholder(value)
    if depth > _MAX_DEPTH:
        return placeholder(value)
    try:
        return _object(value, depth + 1)
    except Exception:  # whatever a stranger's property raises, the run goes on
        return placeholder(value)


def _object(value: Any, depth: int) -> Any:
    match value:
        case dict() | Mapping():
            return dict(_items(value, depth))
        case list() | tuple() | AbstractSet():
            return [plain(item, depth) for item in value]
        case BaseModel():
            return {name: plain(item, depth) for name, item in _model_fields(value)}
        case bytes() | bytearray():
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        case _:
            return _scalar(value, depth)


def _items(value: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    """Its items, each under a text: a key that is not one adds its type where that is taken."""
    taken = {key for key in value if isinstance(key, str)}
    for key, item in value.items():
        name = str(key)
        while name in taken and not isinstance(key, str):
            name = f"{name} ({type(key).__name__})"
        taken.add(name)
        yield name, plain(item, depth)


def _scalar(value: Any, depth: int) -> Any:
    match value:
        case Enum():
            return plain(value.value, depth)
        case str():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case BaseException():
            return {"type": type(value).__name__, "message": str(value)}
        case _ if isinstance(value, _TEXTUAL):
            return str(value)
        case _:
            return _record(value, depth)


def _record(value: Any, depth: int) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
    elif isinstance(value, msgspec.Struct):
        names = list(value.__struct_fields__)
    else:
        return placeholder(value)
    return {name: plain(getattr(value, name), depth) for name in names}


def _model_fields(value: BaseModel) -> list[tuple[str, Any]]:
    """Fields as they are, not as declared: model_dump would cut a subclass to its base."""
    extra = value.__pydantic_extra__ or {}
    return [(name, getattr(value, name)) for name in type(value).model_fields] + list(extra.items())
