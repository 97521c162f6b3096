"""Where two runs part: their steps in pairs, and what differs in each, in the runs' own order."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import zip_longest
from os.path import commonprefix
from typing import Any

from msgspec import Struct

from catagent.compare.steps import Step, Texts, What, steps
from catagent.events.types import Event
from catagent.redact import shortened
from catagent.views.sanitize import clean_line

_SAID: dict[What, str] = {
    "input": "asked", "model": "asked the model", "parameters": "was sent the parameters",
    "tools": "was sent the tools", "message": "was sent", "reasoning": "thought", "text": "wrote",
    "call": "called", "arguments": "got", "observation": "gave", "update": "changed",
    "event": "emitted", "interrupt": "asks", "answer": "answered", "status": "ended with",
    "error": "failed with", "tokens": "used",
}  # fmt: skip
# What is shown as it is: a call, or words of ours.
_PLAIN = frozenset({"call", "arguments", "model", "status", "tokens", "parameters", "tools"})
_SHORT, _BEFORE = 80, 20


class Difference(Struct, frozen=True):
    """One thing in which run `b` is not as run `a`: what it is, and its text in each, uncleaned.

    `where` is the step; a text is null where only the other run has one.
    """

    what: What
    where: str
    a: str | None
    b: str | None

    @property
    def said(self) -> str:
        """What differs, in a line, clean: `called look(at="bed") instead of look(at="box")`."""
        alike = common(self.a or "", self.b or "")
        start = alike - _BEFORE if alike > _SHORT // 2 else 0
        a, b = (None if text is None else self._shown(text, start) for text in (self.a, self.b))
        both = f"{b} instead of {a}" if a and b else f"{b or a}, in {'B' if b else 'A'} alone"
        return f"{_SAID.get(self.what, self.what)} {both}"

    def _shown(self, text: str, start: int) -> str:
        """A text in short, from a little before it is another one."""
        if start > 0 and len(text) > _SHORT:
            text = f"…{text[start:]}"
        line = clean_line(shortened(", ".join(filter(None, text.splitlines())), _SHORT))
        return line if self.what in _PLAIN else f'"{line}"'


Compared = tuple[str, list[Difference]]


def differences(a: Iterable[Event], b: Iterable[Event], *, times: bool = False) -> list[Difference]:
    """Return what differs between two runs, in their own order: the first is where they part.

    In which pieces a model wrote, in which order calls ended that ran at once, and the mode are no
    differences. Ids and times are some with `times` alone.
    """
    return [each for _, found in compared(a, b, times=times) for each in found]


def compared(a: Iterable[Event], b: Iterable[Event], *, times: bool) -> Iterator[Compared]:
    """Yield each step of two runs by where it is, with what differs in it; none is alike."""
    yield from _Comparison().pair(steps(a, times=times), steps(b, times=times))


class _Comparison:
    def __init__(self) -> None:
        # What was said to differ of each run: that a prompt repeats it is no news.
        self._told: tuple[set[str], set[str]] = set(), set()

    def pair(self, a: Step | None, b: Step | None) -> Iterator[Compared]:
        if a is None or b is None:
            yield self._alone(a, b)
            return
        found = [*self._texts(a.where, a.given, b.given), *self._messages(a, b)]
        inside = _pairs(a.inside, b.inside)
        if inside:
            yield a.where, found
            for pair in inside:
                yield from self.pair(*pair)
        came = [*self._texts(a.where, a.came, b.came)]
        if came:
            self._tell(a.said, b.said)
        if came or not inside:
            yield a.where, came if inside else found + came

    def _texts(self, where: str, a: Texts, b: Texts) -> Iterator[Difference]:
        for what in dict.fromkeys((*a, *b)):
            x, y = a.get(what) or None, b.get(what) or None
            if x != y and not (what == "arguments" and self._is_told(x, y)):
                yield Difference(what, where, x, y)
                self._tell(*("" if what in ("id", "time") else text or "" for text in (x, y)))

    def _messages(self, a: Step, b: Step) -> Iterator[Difference]:
        """What differs in two prompts, where the steps before do not say so already."""
        start = common(a.sent, b.sent)
        xs, ys = (each.sent[start:][::-1] for each in (a, b))
        end = common(xs, ys)
        for x, y in zip_longest(xs[end:][::-1], ys[end:][::-1]):
            if x != y and not self._is_told(x and x[1], y and y[1]):
                self._tell(x[1] if x else "", y[1] if y else "")
                yield Difference("message", a.where, x and ": ".join(x), y and ": ".join(y))

    def _alone(self, a: Step | None, b: Step | None) -> Compared:
        """A step that only one of the runs has, by what came of it."""
        step = a or b or Step("run", "")
        texts: Texts = {"arguments": step.given.get("arguments", ""), **step.came}
        found = [*self._texts(step.where, texts if a else {}, texts if b else {})]
        waiting = [step]
        for each in waiting:
            self._tell(each.said if a else "", each.said if b else "")
            waiting += each.inside
        none = Difference("text", step.where, "" if a else None, "" if b else None)
        return step.where, found or [none]

    def _tell(self, a: str, b: str) -> None:
        for told, text in zip(self._told, (a, b), strict=True):
            told.update((text, *text.splitlines()) if text else ())

    def _is_told(self, *texts: str | None) -> bool:
        return all(t is None or t in told for t, told in zip(texts, self._told, strict=True))


def common(*both: Any) -> int:
    """How many messages of two prompts, or characters of two texts, are the same at the start."""
    return len(commonprefix(both))  # noqa: RUF071 - of any two in a row


def _asked(step: Step) -> tuple[Hashable, ...]:
    return (step.kind, step.name, *step.given.values(), *step.sent)


# What tells which step of another run is the same one: all that it was given and came of it, or
# less of that.
_SAME: tuple[Callable[[Step], Hashable], ...] = (
    lambda step: (*_asked(step), *step.came.values()),
    _asked,
    lambda step: (step.kind, step.name, step.given.get("arguments"), *step.sent[-1:]),
    lambda step: (step.kind, step.name, *step.came.values()),
    lambda step: (step.kind, step.name),
    lambda step: (step.kind, step.kind != "model" and step.name),
)


def _pairs(a: list[Step], b: list[Step]) -> list[tuple[Step | None, Step | None]]:
    """The steps of both, in pairs, in the order of `a`, with those of `b` alone among them."""
    partners: dict[int, int] = {}
    left = dict.fromkeys(range(len(b)))
    for same in _SAME:
        waiting = defaultdict[Hashable, deque[int]](deque)
        for at in left:
            waiting[same(b[at])].append(at)
        for at in (at for at in range(len(a)) if at not in partners):
            if those := waiting[same(a[at])]:
                partners[at] = those.popleft()
                del left[partners[at]]
    alone, found = deque(left), list[tuple[Step | None, Step | None]]()
    for at, step in enumerate(a):
        partner = partners.get(at)
        while partner is not None and alone and alone[0] < partner:
            found.append((None, b[alone.popleft()]))
        found.append((step, None if partner is None else b[partner]))
    return found + [(None, b[at]) for at in alone]
