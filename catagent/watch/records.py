"""The records of one process, with stand-ins for the objects that they tell of."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from catagent.watch.standins import BaseMessage, message, thing

Record = list[Any]
"""Its kind, its time in microseconds of the epoch, and mostly the number of its run, and more."""


class Records:
    """Reads those of one process, in order: a message comes whole once, and then as its number."""

    def __init__(self) -> None:
        self._messages: dict[int, BaseMessage] = {}

    def read(self, line: bytes) -> Record | None:
        """One record, None for what is damaged. Each number stands for one object."""
        try:
            record = _decoded(line)
            if record[0] == "process":  # a new segment, in which every message is whole again
                self._messages.clear()
            return record if record[0] == "token" else [self._value(each) for each in record]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None

    def _value(self, value: Any) -> Any:
        if type(value) is list:
            return list(self._items(value))
        if type(value) is not dict or not value:
            return value
        tag = next(iter(value))
        if tag[:1] == "$":
            return self._tagged(tag, value[tag], value)
        return {key: self._value(item) for key, item in value.items()}

    def _items(self, values: list[Any]) -> Iterator[Any]:
        for value in values:
            match value:
                case {"$m": [first, last]}:
                    yield from map(self._known, range(first, last + 1))
                case _:
                    yield self._value(value)

    def _tagged(self, tag: str, value: Any, whole: dict[str, Any]) -> Any:
        match tag:
            case "$m":
                return self._message(value, whole.get("v"))
            case "$o":
                return thing(value, self._value(whole["v"]))
            case "$d":
                return {key: self._value(item) for key, item in value.items()}
            case "$bytes":
                return base64.b64decode(value)
        return whole

    def _message(self, number: int | None, values: dict[str, Any] | None) -> BaseMessage:
        if values is None:
            return self._known(number)
        made = message(self._value(values))
        if number is not None:
            self._messages[number] = made
        return made

    def _known(self, number: int | None) -> BaseMessage:
        lost = {"type": "system", "content": "[a message that is no longer kept]"}
        return self._messages.get(number or 0) or message(lost)


def _decoded(line: bytes) -> Record:
    """Quickly where that can be: half a character, say, is for Python's own reader."""
    try:
        record = msgspec.json.decode(line)
    except msgspec.DecodeError:
        record = json.loads(line)
    return record if isinstance(record, list) else []
