"""What was asked in a recording, to be found again by where and what is asked now.

Of a recording it has plain data, which `run/frozen.py` makes: {"models": […], "tools": […],
"texts": […], "runs": names of tools that run all the same, or "all", "mask": what stands for a
secret}. A call of a model or tool has its "id" and "name", "asked": numbers of texts, and "where":
first the id of the tool call that it was made in or "", then, where it is known, what tells it from
others that ask the same at once: of a model its node and name, of a tool the id of its call.
"""

from __future__ import annotations

import functools
import json
import operator
import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

_HINT = "record it anew, or run it without --frozen"
_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[.]?"
_DAY = "((mon|tue|wed|thu|fri|sat|sun)[a-z]*[.]?,? +)?"
_TIME = r"\d?\d:\d\d(:\d\d([.,]\d+)?)?( ?([ap]m|Z|UTC|[+-]\d\d:?\d\d))?"
_CHANGING = re.compile(
    rf"\b(\d{{4}}-\d\d-\d\d|\d?\d[/.]\d?\d[/.]\d{{4}}"
    rf"|{_DAY}({_MONTH} +\d?\d(st|nd|rd|th)?( {_TIME})?|\d?\d {_MONTH}),? \d{{4}})([T ]{_TIME})?\b"
    rf"|\b{_TIME}\b|\b[\da-f]{{8}}-([\da-f]{{4}}-){{3}}[\da-f]{{12}}\b",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 20, 60


_Where = Sequence["str | None"]  # the form of "where"


class NotRecordedError(Exception):
    """The agent's code asks for what its recording does not have."""

    def __init__(self, message: str, hint: str = _HINT) -> None:
        super().__init__(message)
        error = {"kind": "agent", "type": type(self).__name__, "message": message, "hint": hint}
        self.catagent_recorded = error


def message_text(kind: str, content: Any, calls: Iterable[tuple[str, Any]]) -> str:
    """A message as it is compared: whose it is, its text, its tool calls; nothing by an id."""
    parts = [content] if isinstance(content, str) else content or []
    texts = (each if isinstance(each, str) else each.get("text") for each in parts)
    called = "".join(f" {name}({args_text(args)})" for name, args in calls)
    return f"{kind}: {''.join(filter(None, texts))}{called}"


def tools_text(names: Iterable[str]) -> str:
    """The tools that a model may call, as they are compared."""
    return ", ".join(sorted(names)) or "none"


def args_text(args: Any) -> str:
    """The arguments of a tool, as they are compared."""
    return json.dumps(args, ensure_ascii=False, sort_keys=True, default=str)


@functools.lru_cache(maxsize=1000)
def _steady(text: str) -> str:
    return _CHANGING.sub("*", text)


def alike(then: str, now: str, mask: str) -> bool:
    """Whether it says the same, without dates, times of day, random ids and secrets."""
    first, *parts = _steady(then).split(mask)
    now = _steady(now)
    if not parts or not now.startswith(first):
        return first == now and not parts
    at, last = len(first), parts.pop()
    for part in parts:
        if (at := now.find(part, at) + len(part)) < len(part):
            return False
    return now.endswith(last) and at + len(last) <= len(now)


class Recorded:
    """The recorded calls of models and tools, each to be taken once; safe on any thread.

    `missing` is the first that was not found. From then on nothing is: the run is to end.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._texts, self._runs, self._mask = data["texts"], data["runs"], data["mask"]
        self._numbers = {text: number for number, text in enumerate(self._texts)}
        self._left: dict[str, list[dict[str, Any]]] = {k: [*data[k]] for k in ("models", "tools")}
        self._names = {each["id"]: f" in the tool {each['name']}" for each in data["tools"]}
        self._lock = threading.Lock()
        self.missing: NotRecordedError | None = None

    def model(self, where: _Where, name: str, asked: Sequence[str]) -> dict[str, Any]:
        """The answer to what a model is asked: its tools, and the messages. Raises what is not."""
        if (found := self._take("models", where, asked)) is None:
            who = f"the model {name}{self._names.get(where[0] or '', '')} was asked"
            differences = [self._difference(each, asked) for each in self._of("models", where[0])]
            if not differences:
                self.lose(f"{who} once more than was recorded")
            self.lose(f"{who} what was not recorded: {max(differences)[1]}")
        return found

    def tool(self, where: _Where, name: str, args: Any) -> dict[str, Any] | None:
        """What came of a tool call; None where that is not known and it is to run all the same."""
        asked = [name, args_text(args)]
        found = self._take("tools", where, asked)
        if found is None and not self.runs(name):
            of = self._of("tools", where[0])
            other = next((each[1] for each in of if each[0] == name), "")
            who = f"the tool {name}{self._names.get(where[0] or '', '')} was called with {asked[1]}"
            self.lose(f"{who}, which was not recorded{other and f', as {other} was'}")
        return found

    def runs(self, name: str) -> bool:
        """Whether a tool is to run, whatever was recorded of it."""
        return name in self._runs or "all" in self._runs

    def lose(self, message: str, hint: str = _HINT) -> NoReturn:
        """Raise that something was not recorded: the first that was not."""
        self.missing = self.missing or NotRecordedError(message, hint)
        raise self.missing

    def _take(self, kind: str, where: _Where, asked: Sequence[str]) -> dict[str, Any] | None:
        """The same, else what is alike: of where it is asked now, else of the nearest."""
        numbers = [self._numbers.get(text) for text in asked]
        with self._lock:
            if self.missing is not None:
                raise self.missing
            left = self._left[kind]
            same = (item for item in left if item["asked"] == numbers)
            alike = (item for item in left if self._fits(item, asked))
            if found := _nearest(same, where) or _nearest(alike, where):
                left.remove(found)
            return found

    def _fits(self, item: dict[str, Any], asked: Sequence[str]) -> bool:
        is_as_long = len(item["asked"]) == len(asked)
        return is_as_long and all(map(self._alike, self._asked(item), asked))

    def _asked(self, item: dict[str, Any]) -> list[str]:
        return [self._texts[number] for number in item["asked"]]

    def _of(self, kind: str, owner: str | None) -> list[list[str]]:
        """What is left of what was asked there; of all where that is nothing."""
        left = self._left[kind]
        return [*map(self._asked, [each for each in left if each["where"][0] == owner] or left)]

    def _alike(self, then: str, now: str) -> bool:
        return alike(then, now, self._mask)

    def _difference(self, then: Sequence[str], now: Sequence[str]) -> tuple[int, str]:
        """The place of the first one, and how it differs."""
        for place, (one, other) in enumerate(zip(then, now)):  # noqa: B905 - of Python 3.10
            if not self._alike(one, other):
                (kind, _, said), (now_kind, _, says) = one.partition(": "), other.partition(": ")
                what = f"message {place} ({kind}) differs" if place else "its tools differ"
                if place and kind == now_kind:
                    one, other = said, says
                return place, f"{what}: recorded {_around(one, other)}, now {_around(other, one)}"
        place = min(len(then), len(now))
        return place, f"{len(now) - 1} messages, and not {len(then) - 1}"


def _nearest(found: Iterable[dict[str, Any]], where: _Where) -> dict[str, Any] | None:
    nearest, most = None, list[bool]()
    for item in found:
        near = [*map(operator.eq, item["where"], where)]
        if near > most:
            nearest, most = item, near
        if all(near):
            break
    return nearest


def _around(text: str, other: str) -> str:
    """A part of the text, from a little before it differs from the other."""
    pairs = enumerate(zip(text, other))  # noqa: B905 - of Python 3.10
    place = next((number for number, (a, b) in pairs if a != b), min(len(text), len(other)))
    start = max(0, place - _BEFORE)
    part = text[start : place + _AFTER]
    return repr("…" * (start > 0) + part + "…" * (start + len(part) < len(text)))
