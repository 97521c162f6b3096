"""What was asked in a recording, to be found again by where and what is asked now.

Of a recording it has plain data: {"models": […], "tools": […], "texts": […], "runs": names of tools
that run all the same, or "all", "mask": what stands for a secret}. An item of the first two has
"id", "owner": the id of the tool call that it happened in or "", "name", and "asked": numbers of
texts. `run/frozen.py` makes it.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

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
    """A message as it is compared: who says it, its text, its tool calls; nothing by an id."""
    parts = [content] if isinstance(content, str) else content or []
    texts = (each if isinstance(each, str) else each.get("text") for each in parts)
    text = "".join(filter(None, texts))
    return f"{kind}: {text}" + "".join(f" {name}({args_text(args)})" for name, args in calls)


def tools_text(names: Iterable[str]) -> str:
    """The tools that a model may call, as they are compared."""
    return ", ".join(sorted(names))


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
        self._names = {each["id"]: each["name"] for each in data["tools"]}
        self._lock = threading.Lock()
        self.missing: NotRecordedError | None = None

    def model(self, owner: str, name: str, asked: Sequence[str]) -> dict[str, Any]:
        """The answer to what a model is asked: its tools, and the messages. Raises what is not."""
        found = self._take("models", owner, asked)
        return found or self._fail(f"the model {name}{self._where(owner)}", owner, asked)

    def tool(self, owner: str, name: str, args: Any) -> dict[str, Any] | None:
        """What came of a tool call; None where that is not known and it is to run all the same."""
        asked = [name, args_text(args)]
        found = self._take("tools", owner, asked)
        if found is None and not self.runs(name):
            left = [each for each in self._of("tools", owner) if each[0] == name]
            other = f", and not with {left[0][1]}" if left else ""
            what = f"the tool {name}{self._where(owner)} was called"
            self.lose(f"{what} with {asked[1]}, which was not recorded{other}")
        return found

    def runs(self, name: str) -> bool:
        """Whether a tool is to run, whatever was recorded of it."""
        return name in self._runs or "all" in self._runs

    def lose(self, message: str, hint: str = _HINT) -> Any:
        """Raise that something was not recorded: the first that was not."""
        self.missing = self.missing or NotRecordedError(message, hint)
        raise self.missing

    def _take(self, kind: str, owner: str, asked: Sequence[str]) -> dict[str, Any] | None:
        """Where it is asked now, then anywhere; the same, then what differs by times and ids."""
        with self._lock:
            if self.missing is not None:
                raise self.missing
            left = self._left[kind]
            for anywhere, same in itertools.product((False, True), (str.__eq__, self._alike)):
                for index, item in enumerate(left):
                    if (anywhere or item["owner"] == owner) and self._fits(item, asked, same):
                        return left.pop(index)
        return None

    def _fits(self, item: dict[str, Any], asked: Sequence[str], same: Any) -> bool:
        texts = item["asked"]
        pairs = zip(texts, asked)  # noqa: B905 - of Python 3.10
        return len(texts) == len(asked) and all(same(self._texts[n], now) for n, now in pairs)

    def _alike(self, then: str, now: str) -> bool:
        """Whether it says the same, without times, random ids and secrets."""
        then, now = (_CHANGING.sub("*", each) for each in (then, now))
        if then == now or self._mask not in then:
            return then == now
        return bool(re.fullmatch(".*".join(map(re.escape, then.split(self._mask))), now, re.DOTALL))

    def _of(self, kind: str, owner: str) -> list[list[str]]:
        """What is left of what was asked there; of all where that is nothing."""
        here = [each for each in self._left[kind] if each["owner"] == owner]
        return [[self._texts[n] for n in each["asked"]] for each in here or self._left[kind]]

    def _where(self, owner: str) -> str:
        return f" in the tool {self._names[owner]}" if owner in self._names else ""

    def _fail(self, who: str, owner: str, asked: Sequence[str]) -> Any:
        """Raise with the first difference to what is most like it."""
        found = [[*self._differences(then, asked)] for then in self._of("models", owner)]
        if not found:
            self.lose(f"{who} was asked once more than was recorded")
        nearest = max(found, key=lambda each: each[0][0])
        self.lose(f"{who} was asked what was not recorded: {nearest[0][1]}")

    def _differences(self, then: list[str], now: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Where the two differ, and how."""
        for place, (one, other) in enumerate(itertools.zip_longest(then, now)):
            if one is None or other is None:
                yield place, f"it has {len(now) - 1} messages, and {len(then) - 1} were recorded"
            elif not self._alike(one, other):
                kind = one.partition(":")[0]
                what = f"message {place} ({kind}) differs" if place else "its tools differ"
                yield place, f"{what}: recorded {_around(one, other)}, now {_around(other, one)}"


def _around(text: str, other: str) -> str:
    """A part of the text, from a little before it differs from the other."""
    pairs = enumerate(zip(text, other))  # noqa: B905 - of Python 3.10
    place = next((n for n, (a, b) in pairs if a != b), min(len(text), len(other)))
    start = max(0, place - _BEFORE)
    part = text[start : place + _AFTER]
    return repr("…" * (start > 0) + part + "…" * (start + len(part) < len(text)))
