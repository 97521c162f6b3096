"""One process of a program that is watched: what is known of it, and its runs that are open."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

import msgspec

from catagent.sources.standins import BaseMessage, message, thing
from catagent.watch.segments import Reader, is_alive
from catagent.watch.source import OVER, Record, RunRecords

# How often to look whether a process is still there.
_LOOK_S = 0.2


class Process:
    """A process whose records are read, in order, each for the root run that it belongs to.

    `key` is its number and start, `versions` are those of LangChain's packages, and `runs` counts
    the root runs that somebody follows.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.key, self.pid = key, int(key.partition("-")[0])
        self.argv: list[str] = []
        self.versions: dict[str, str] = {}
        self.secrets: frozenset[str] = frozenset()
        self.is_alive, self.runs = True, 0
        self._reader, self._records = Reader(folder, key), Records()
        self._runs: dict[int, RunRecords] = {}
        self._by_id: dict[str, RunRecords] = {}
        self._segments = self._last = self._missed = 0
        self._looked = time.monotonic()

    @property
    def program(self) -> str:
        """Its command in one line, which may hold secrets."""
        return " ".join([PurePath(self.argv[0]).name, *self.argv[1:]]) if self.argv else ""

    def is_gone(self, *, at_once: bool) -> bool:
        """Whether the process has ended. It is looked for twice, so that others can say how."""
        now = time.monotonic()
        if self.is_alive and (at_once or now - self._looked >= _LOOK_S):
            self._looked = now
            self._missed = 0 if is_alive(self.key) else self._missed + 1 + at_once
            self.is_alive = self._missed < 2
        return not self.is_alive

    def records(self, most: int) -> Iterator[Record]:
        """So many of the records that are there and have not been read."""
        read = map(self._records.read, islice(self._reader.records(), most))
        return (record for record in read if record is not None)

    def take(self, record: Record, begin: Begin) -> RunRecords | None:
        """Take in a record: of a root run that begins with it, `begin` says who reads it.

        Returns the root run that has ended with it.
        """
        match record:
            case ["start", int(), int(number), str(), {"id": str()} as about]:
                if number not in self._runs:
                    self._start(number, about, record, begin)
            case [_, int(), int(number), *_]:
                return self._hand_on(number, record)
            case [kind, int(), dict(told)]:
                self._note(kind, told)
        return None

    def _start(self, number: int, about: dict[str, Any], record: Record, begin: Begin) -> None:
        """A run begins: inside of one that is open, or as a root."""
        run = self._by_id.get(about.get("parent") or "")
        if run is None:
            if about.get("again") and self._segments > 1:  # it goes on after its root has ended
                return
            run = begin(self, record)
        self._runs[number] = self._by_id[about["id"]] = run
        run.ids[number] = about["id"]
        run.put(record)

    def end(self, *why: str) -> None:
        """Nothing more is read: end all that is open."""
        for run in dict.fromkeys(self._runs.values()):
            run.put([OVER, self._last, 0, *why])
            self._forget(run)
        self._reader.close()
        self._records = Records()

    def _hand_on(self, number: int, record: Record) -> RunRecords | None:
        self._last = record[1]
        run = self._runs.get(number)
        if run is None:
            return None
        run.put(record)
        if record[0] not in ("end", "error") or number != next(iter(run.ids)):
            return None
        run.put([OVER, self._last, 0, "The end of the run could not be read."])  # unless it was
        self._forget(run)
        return run

    def _forget(self, run: RunRecords) -> None:
        """A root run has ended: what else may come of it is for nobody."""
        for number, run_id in run.ids.items():
            self._runs.pop(number, None)
            self._by_id.pop(run_id, None)

    def _note(self, kind: str, told: dict[str, Any]) -> None:
        """Take in what a record says of the process itself."""
        if kind == "secrets":
            self.secrets |= {value for value in told.values() if isinstance(value, str)}
        elif kind == "process":
            self._segments += 1
            self.argv = told.get("argv") or []
            self.versions = told.get("versions") or {}


Begin = Callable[[Process, Record], RunRecords]
"""Gets a process, and the record that a root run begins with."""


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
        match tag:
            case "$m":
                return self._message(value[tag], value.get("v"))
            case "$o":
                return thing(value[tag], self._value(value["v"]))
            case "$bytes":
                return base64.b64decode(value[tag])
            case "$unserialisable":
                return value
        fields = value[tag] if tag == "$d" else value
        return {key: self._value(item) for key, item in fields.items()}

    def _items(self, values: list[Any]) -> Iterator[Any]:
        for value in values:
            match value:
                case {"$m": [first, last]}:
                    yield from map(self._known, range(first, last + 1))
                case _:
                    yield self._value(value)

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
