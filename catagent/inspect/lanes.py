"""Lanes of a timeline: what ran at once stands side by side, what is inside of another below it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from catagent.inspect.span import Span, by_first


class Bar(NamedTuple):
    """A span in a lane, from one cell to before another; the first token came at `token`."""

    span: Span
    start: int
    end: int
    token: int


class Lanes:
    """The lanes of one run: each span is in the first below its parent's that is free."""

    def __init__(self, root: Span | None) -> None:
        self.lanes: list[list[Span]] = []
        self.of: dict[Span, int] = {}
        spans = [root] if root else []
        for span in spans:  # it grows
            spans += span.children
        for span in sorted(spans, key=by_first):
            if span.began is not None:
                self._add(span)

    def _add(self, span: Span) -> None:
        lane = 1 + self.of.get(span.parent, -1) if span.parent else 0
        while lane < len(self.lanes) and self.lanes[lane][-1].ended(span.first) is None:
            lane += 1
        if lane >= len(self.lanes):
            lane = len(self.lanes)
            self.lanes.append([])
        self.lanes[lane].append(span)
        self.of[span] = lane

    def window(self, at: int, now: float) -> tuple[float, float]:
        """From when to when to show: from where anything runs inside of the run to its end."""
        begun = [lane[0] for lane in self.lanes[:2] if lane[0].first < at]
        until = (begun[0].ended(at) if begun else None) or now
        return (begun[-1].began if begun else None) or until, until

    def bars(self, lane: int, at: int, window: tuple[float, float], width: int) -> Iterator[Bar]:
        """What is to be drawn of a lane: no more bars than there are cells."""
        spans = self.lanes[lane][: bisect_left(self.lanes[lane], at, key=by_first)]
        scale, x = width / max(window[1] - window[0], 1e-6), 0
        while spans and x < width:
            found = bisect_right(spans, window[0] + (x + 1) / scale, key=_began) - 1
            bar = _bar(spans[max(0, found)], at, window, scale)
            if bar.end <= x and found + 1 < len(spans):
                bar = _bar(spans[found + 1], at, window, scale)
            if bar.end <= x or bar.start >= width:
                return
            yield bar._replace(start=max(x, bar.start), end=min(width, bar.end))
            x = bar.end

    def near(self, span: Span, lanes: int, spans: int, at: int) -> Span:
        """The span so many lanes further down that begins nearest, or so many on in its lane."""
        lane = self.lanes[max(0, min(len(self.lanes) - 1, self.of.get(span, 0) + lanes))]
        begun = lane[: bisect_left(lane, at, key=by_first)]
        after = bisect_right(begun, _began(span), key=_began) - 1 + spans
        return begun[max(0, min(len(begun) - 1, after))] if begun else span


def _bar(span: Span, at: int, window: tuple[float, float], scale: float) -> Bar:
    ended, token = span.ended(at) or window[1], span.first_token(at)
    start, end = (int((when - window[0]) * scale) for when in (_began(span), ended))
    waits = end if token is None else int((token - window[0]) * scale)
    return Bar(span, start, max(start + 1, end), waits if span.kind == "model" else start)


def _began(span: Span) -> float:
    return span.began or 0.0
