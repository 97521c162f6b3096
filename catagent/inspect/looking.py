"""Where a person is in the runs: at which event, on which span, what is folded."""

from __future__ import annotations

import time
from collections.abc import Callable

from catagent.events.timestamps import epoch
from catagent.inspect.span import Span
from catagent.inspect.spans import Index


class Looking:
    """The position `at`, so many events being seen, the selected span, and what is folded.

    `follows` holds the position at the newest event, `leads` also the selection at what goes on.
    """

    def __init__(self, index: Index, *, is_live: bool) -> None:
        self.index, self.is_live = index, is_live
        self.at, self.type, self._when = 0, "", 0.0
        self.follows = self.leads = True
        self.selected: Span | None = None
        self.section = self.words = ""
        self.folded: set[Span] = set()
        self._folds, self._here = 0, -1
        self._rows: tuple[object, list[tuple[Span, int]]] = (None, [])
        self._grown, self._runs = 0.0, 0

    @property
    def now(self) -> float:
        """The time of the position; that of a live run goes on between its events."""
        waited = time.monotonic() - self._grown if self.is_live and self.follows else 0.0
        return self._when + waited

    def _see(self, at: int) -> None:
        event = self.index.spool[at - 1]
        self.at, self.type, self._when = at, event.type, epoch(event.ts) or self._when

    def grow(self) -> None:
        """Take note of events that have come."""
        self._grown, runs = time.monotonic(), self.index.roots
        if len(runs) > max(1, self._runs):  # of many, each is a row until somebody opens it
            self.folded.update(runs[self._runs :])
            self._folds += 1
        self._runs = len(runs)
        if self.follows and len(self.index):
            self._see(len(self.index))
            self._lead()

    def _lead(self) -> None:
        now, before = self.index.span_at(self.at - 1), self.selected
        if before is None:
            self.selected = next(iter(self.index.roots), None)
        elif self.is_live and self.leads and now and before.ended(self.at) is not None:
            self.selected = next((up for up in self._above(now) if up in self.folded), now)

    @staticmethod
    def _above(span: Span | None) -> list[Span]:
        """What a span is inside of, the outermost first."""
        above = []
        while span is not None and (span := span.parent):
            above.append(span)
        return above[::-1]

    def rows(self) -> list[tuple[Span, int]]:
        """The spans that have begun and are in no folded one, in order, each with its depth."""
        seen = self.at if self.at < len(self.index) else -1
        key = (self.index.tree.version, seen, self._folds)
        if self._rows[0] != key:
            depths: dict[Span | None, int] = {None: -1}
            spans = [*self.index.spans_at(self.at, self.folded)]
            for span in spans:
                depths[span] = depths[span.parent] + 1
            self._rows = key, [(span, depths[span]) for span in spans]
        return self._rows[1]

    def row(self) -> int:
        """Where the selected span is among those rows; the first if it is not."""
        return next((y for y, (span, _) in enumerate(self.rows()) if span is self.selected), 0)

    def toggle(self, span: Span) -> None:
        """Hide what is inside of a span, or show it."""
        self.folded.symmetric_difference_update([span])
        self._folds += 1

    def select(self, span: Span | None) -> None:
        """Look at a span, and open what it is inside of; from now on the person leads."""
        self.leads, self.selected = False, span or self.selected
        if hidden := self.folded.intersection(self._above(span)):
            self.folded -= hidden
            self._folds += 1

    def move(self, by: int) -> None:
        """Select the span so many rows further down."""
        rows = self.rows()
        if rows:
            self.select(rows[max(0, min(len(rows) - 1, self.row() + by))][0])

    def step(self, by: int) -> None:
        """Go so many events back or forward, and to what the event there is about."""
        self._go_to(self.at + by)
        self.select(self.index.span_at(self.at - 1) if self.at else None)

    def _go_to(self, at: int) -> None:
        self.follows = False
        if newest := len(self.index):
            self._see(max(1, min(newest, at)))

    def follow(self) -> None:
        """Go to the newest event, and stay there."""
        self.follows = self.leads = True
        self.grow()

    def find(self, nearest: Callable[[int], int | None]) -> bool:
        """Go to the event that is the nearest to a position; whether there is any."""
        span, here = self.selected, self._here
        is_there = 0 <= here < len(self.index) and self.index.span_at(here) is span
        here = here if is_there or span is None else span.first - 1
        found = nearest(here)
        if found is not None:
            self._here = found
            if found >= self.at:
                self._go_to(found + 1)
            self.select(self.index.span_at(found))
        return found is not None
