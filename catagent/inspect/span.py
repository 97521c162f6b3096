"""What ran, and what is known of it as of any event: it looks at positions, and keeps no copies."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Literal

from msgspec import UNSET

from catagent.events import types as ev

Kind = Literal["run", "agent", "node", "model", "tool", "retriever", ""]
Status = Literal[
    "decided", "running", "success", "error", "interrupted", "cancelled", "limit"
]  # fmt: skip
by_first = attrgetter("first")  # what spans are in order of
_BAD = ("error", "limit")


@dataclass(slots=True, eq=False, repr=False)
class Span:
    """A run, agent, node, model or tool call; of no `kind` is what the tree does not show.

    `at` is how many events have been seen: 1 to all of them. Times are in seconds since 1970.
    `above` is what it ran inside of, `parent` what it is shown below. `inside` is the key of the
    innermost tool call around it, `key` its own if it is one.
    """

    id: int
    above: Span | None
    root: str
    first: int
    began: float | None
    kind: Kind = ""
    name: str = ""
    about: str = ""  # the question of a run, the arguments of a tool; cut where long
    key: str | None = None
    inside: str | None = None
    parent: Span | None = None
    children: list[Span] = field(default_factory=list)
    positions: array[int] = field(default_factory=lambda: array("I"))
    told: array[int] = field(default_factory=lambda: array("I"))  # those of all but its tokens
    usage: ev.Usage | None = None
    cost: ev.Cost = UNSET  # of a run, once it is over, and of a model that it asked once
    finished: int | None = None  # where a model's `llm.finished` is
    tokens_from: int | None = None  # where its first token is, and when it came
    token_time: float | None = None
    turns: list[tuple[int, Status, float | None]] = field(default_factory=list)

    @property
    def is_decided(self) -> bool:
        """Whether it is a tool call that has not begun by the newest event."""
        return self.turns[-1][1] == "decided"

    def is_below(self, other: Span) -> bool:
        """Whether it is shown inside of another."""
        span = self.parent
        while span is not None and span is not other:
            span = span.parent
        return span is not None

    def turn(self, now: tuple[int, float | None], status: Status) -> None:
        """Take note of the status that it has from an event on, and of when that was."""
        if not self.turns or self.turns[-1][1] != status:
            self.turns.append((now[0], status, now[1]))

    def status(self, at: int) -> Status:
        """Its status; `decided` is a call that a model wrote and that has not begun."""
        return self._turn(at)[1]

    def failed_at(self) -> list[int]:
        """Where it failed; nowhere where what failed inside of it was raised through it."""
        last = self.children[-1].first if self.children else -1
        if any(child.turns[-1][0] >= last for child in self.children if child.has_failed):
            return []
        return [position for position, status, _ in self.turns if status in _BAD]

    @property
    def has_failed(self) -> bool:
        """Whether it has by the newest event."""
        return self.turns[-1][1] in _BAD

    def ended(self, at: int) -> float | None:
        """When it ended; None where it had not."""
        _, status, when = self._turn(at)
        return None if status in ("decided", "running") else when

    def first_token(self, at: int) -> float | None:
        """When a model's first token came; None where none had."""
        since = self.finished if self.tokens_from is None else self.tokens_from
        return self.token_time if since is not None and since < at else None

    def pieces(self, at: int) -> int:
        """How many tokens of a model were seen."""
        return self.events(at) - bisect_left(self.told, at)

    def events(self, at: int) -> int:
        """How many of its own events were seen: as long as it is the same, nothing is new of it."""
        return bisect_left(self.positions, at)

    def shown(self, at: int) -> list[Span]:
        """Those of its children that had begun."""
        return self.children[: bisect_left(self.children, at, key=by_first)]

    def _turn(self, at: int) -> tuple[int, Status, float | None]:
        return self.turns[max(0, bisect_left(self.turns, at, key=itemgetter(0)) - 1)]

    def begins(self, when: float | None) -> None:
        """It had begun by then, and what is around it had, too: that may have been said late."""
        span: Span | None = self
        while span is not None and when is not None and (span.began or when + 1) > when:
            span.began, span = when, span.parent

    def came(self, position: int, when: float | None, data: ev.LlmFinishedData) -> None:
        """Take note of the end of a model's call."""
        self.finished, self.usage = position, data.usage
        self.lasted(data.duration_s, when)
        if self.token_time is None and data.ttft_s is not None and self.began is not None:
            self.token_time = self.began + data.ttft_s

    def lasted(self, duration: float | None, until: float | None) -> None:
        """Take note of how long it took, in seconds, as it was measured."""
        if duration and until is not None:
            self.begins(until - duration)

    def move(self, home: Span | None, roots: list[Span], first: int | None = None) -> None:
        """Show it below another, or as a root, in order of `first`, which may be another now."""
        if self.parent is not None:
            among = self.parent.children
            del among[among.index(self, bisect_left(among, self.first, key=by_first))]
        self.parent, self.first = home, self.first if first is None else first
        among = roots if home is None else home.children
        among.insert(bisect_right(among, self.first, key=by_first), self)
        if home is not None:
            home.begins(self.began)
