"""What was asked in a recording, to be found again by where and what is asked now.

Of a recording it has plain data, which `run/frozen.py` makes: {"models": […], "tools": […],
"texts": […], "runs": names of tools that run all the same, or "all", "mask": what stands for a
secret}. A call of a model or tool has its "id" and "name", "owner": the id of the tool call that it
was made in or "", and "asked": numbers of texts.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

_HINT = "record it anew, or run it without --frozen"
_CHANGING = re.compile(
    r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?(Z|UTC|[+-]\d\d:?\d\d))?)?\b"
    r"|\b\d\d:\d\d:\d\d([.,]\d+)?\b|\b[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}\b",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 20, 60


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


class Recorded:
    """The recorded calls of models and tools, each to be taken once; safe on any thread.

    `missing` is the first that was not found. From then on nothing is: the run is to end.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._texts, self._runs, self._mask = data["texts"], data["runs"], data["mask"]
        self._left: dict[str, list[dict[str, Any]]] = {k: [*data[k]] for k in ("models", "tools")}
        self._names = {each["id"]: f" in the tool {each['name']}" for each in data["tools"]}
        self._lock = threading.Lock()
        self.missing: NotRecordedError | None = None

    def model(self, owner: str, name: str, asked: Sequence[str]) -> dict[str, Any]:
        """The answer to what a model is asked: its tools, and the messages. Raises what is not."""
        if (found := self._take("models", owner, asked)) is None:
            who = f"the model {name}{self._names.get(owner, '')} was asked"
            differences = [self._difference(each, asked) for each in self._of("models", owner)]
            if not differences:
                self.lose(f"{who} once more than was recorded")
            self.lose(f"{who} what was not recorded: {max(differences)[1]}")
        return found

    def tool(self, owner: str, name: str, args: Any) -> dict[str, Any] | None:
        """What came of a tool call; None where that is not known and it is to run all the same."""
        asked = [name, args_text(args)]
        found = self._take("tools", owner, asked)
        if found is None and not self.runs(name):
            other = next((each[1] for each in self._of("tools", owner) if each[0] == name), "")
            who = f"the tool {name}{self._names.get(owner, '')} was called with {asked[1]}"
            self.lose(f"{who}, which was not recorded{other and f', as {other} was'}")
        return found

    def runs(self, name: str) -> bool:
        """Whether a tool is to run, whatever was recorded of it."""
        return name in self._runs or "all" in self._runs

    def lose(self, message: str, hint: str = _HINT) -> NoReturn:
        """Raise that something was not recorded: the first that was not."""
        self.missing = self.missing or NotRecordedError(message, hint)
        raise self.missing

    def _take(self, kind: str, owner: str, asked: Sequence[str]) -> dict[str, Any] | None:
        """Of where it is asked now, else of anywhere; the same, else what is alike."""
        with self._lock:
            if self.missing is not None:
                raise self.missing
            left = self._left[kind]
            for is_anywhere, same in itertools.product((False, True), (str.__eq__, self._alike)):
                for index, item in enumerate(left):
                    is_here = is_anywhere or item["owner"] == owner
                    if is_here and self._fits(item, asked, same):
                        return left.pop(index)
        return None

    def _fits(self, item: dict[str, Any], asked: Sequence[str], same: Any) -> bool:
        return len(item["asked"]) == len(asked) and all(map(same, self._asked(item), asked))

    def _asked(self, item: dict[str, Any]) -> list[str]:
        return [self._texts[number] for number in item["asked"]]

    def _of(self, kind: str, owner: str) -> list[list[str]]:
        """What is left of what was asked there; of all where that is nothing."""
        left = self._left[kind]
        return [*map(self._asked, [each for each in left if each["owner"] == owner] or left)]

    def _alike(self, then: str, now: str) -> bool:
        """Whether it says the same, without times, random ids and secrets."""
        then, now = (_CHANGING.sub("*", each) for each in (then, now))
        if then == now or self._mask not in then:
            return then == now
        return bool(re.fullmatch(".*".join(map(re.escape, then.split(self._mask))), now, re.DOTALL))

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


def _around(text: str, other: str) -> str:
    """A part of the text, from a little before it differs from the other."""
    pairs = enumerate(zip(text, other))  # noqa: B905 - of Python 3.10
    place = next((number for number, (a, b) in pairs if a != b), min(len(text), len(other)))
    start = max(0, place - _BEFORE)
    part = text[start : place + _AFTER]
    return repr("…" * (start > 0) + part + "…" * (start + len(part) < len(text)))
