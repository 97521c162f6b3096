"""JSON-plain data of any object that LangChain hands out. Never an exception, no silent loss.

Messages, actions and documents become objects of their fields, subclasses' fields included.
What JSON cannot hold becomes the codec's placeholder; docs/events.md has the table.
"""

import base64
import dataclasses
import math
import sys
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from catagent.events.codec import DEEPEST, placeholder

_INT_LIMIT = 2**63


# Another form of a value that is nested so deep, or UNSET for a value that it knows none of.
Own = Callable[[Any, int], Any]


def plain(value: Any, depth: int = 0, own: Own | None = None) -> Any:
    """The value as dicts, lists, strings, numbers, booleans and None. Times are ISO 8601.

    `own` is asked first for the form of whatever is more than a scalar.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if -_INT_LIMIT <= value < _INT_LIMIT else placeholder(value)
    if kind is float:
        return value if math.isfinite(value) else placeholder(value)
    if depth > DEEPEST:
        return placeholder(value)
    try:
        found = UNSET if own is None else own(value, depth)
        return _object(value, depth + 1, own) if found is UNSET else found
    except Exception:  # whatever a stranger's property raises, the run goes on
        return placeholder(value)


def _object(value: Any, depth: int, own: Own | None) -> Any:
    match value:
        case dict() | Mapping():
            return _fields(_items(value), depth, own)
        case list() | tuple() | AbstractSet():
            return [plain(item, depth, own) for item in list(value)]
        case bytes() | bytearray():
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        case Enum():
            return plain(value.value, depth, own)
        case str() | UUID() | PurePath():
            return str(value)
        case date() | time():
            return value.isoformat()
        case BaseException():
            return {"type": type(value).__name__, "message": str(value)}
    return _record(value, depth, own)


def _record(value: Any, depth: int, own: Own | None) -> Any:
    tag, fields = _of_langgraph(value) or ("", _fields_of(value))
    if fields is None:
        return placeholder(value)
    form = _fields(fields, depth, own)
    return {tag: form} if tag else form


def _fields(items: list[tuple[str, Any]], depth: int, own: Own | None) -> dict[str, Any]:
    """All was read before: what `own` notes of the items is not lost to one that raises."""
    return {name: plain(item, depth, own) for name, item in items}


def _items(value: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    """Its items, each under a text: a key that is not one adds its type where that is taken."""
    items, found = list(value.items()), list[tuple[str, Any]]()
    taken = {key for key, _ in items if isinstance(key, str)}
    for key, item in items:
        name = str(key)
        while name in taken and not isinstance(key, str):
            name = f"{name} ({type(key).__name__})"
        taken.add(name)
        found.append((name, item))
    return found


def _of_langgraph(value: Any) -> tuple[str, list[tuple[str, Any]]] | None:
    """How a Command or a Send is marked, and what it is made again from, or None.

    Where there is one, LangGraph has been imported: to import it here would take half a second.
    """
    types = sys.modules.get("langgraph.types")
    if types is not None and isinstance(value, types.Send):
        timeout = getattr(value, "timeout", None)
        given = [("node", value.node), ("arg", value.arg)]
        return "$send", given + ([] if timeout is None else [("timeout", timeout)])
    if types is not None and isinstance(value, types.Command):
        found = [(each, getattr(value, each.name)) for each in dataclasses.fields(value)]
        return "$command", [(each.name, v) for each, v in found if v is not each.default]
    return None


def _fields_of(value: Any) -> list[tuple[str, Any]] | None:
    """The fields of a model of pydantic's, a dataclass or a struct; None of anything else.

    Those of a model as they are, not as declared: model_dump would cut a subclass to its base.
    """
    extra: dict[str, Any] = {}
    pydantic = sys.modules.get("pydantic.main")
    if pydantic is not None and isinstance(value, pydantic.BaseModel):
        names, extra = list(type(value).model_fields), value.__pydantic_extra__ or {}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
    elif isinstance(value, msgspec.Struct):
        names = list(value.__struct_fields__)
    else:
        return None
    return [(name, getattr(value, name)) for name in names] + list(extra.items())
