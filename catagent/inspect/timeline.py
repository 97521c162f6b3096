"""The timeline: each span of a run a bar against time.

What ran at once stands side by side, what is inside of another below it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import NamedTuple

from textual.strip import Strip

from catagent.inspect.looking import Looking
from catagent.inspect.outline import STYLES
from catagent.inspect.paint import Paint, Piece
from catagent.inspect.panes import Pane
from catagent.inspect.span import Span, by_first
from catagent.views.format import whole_seconds
from catagent.views.style import Style
from catagent.views.wrap import cells, head

# What bars are drawn with, in Unicode and ASCII: before the first token, after it, and selected.
_WAITS, _RUNS, _SELECTED = ("╌.", "━-", "═=")
_CELLS = 16  # between two times, at least
_EVERY = (
    *(digit * 10.0**power for power in (-4, -3, -2, -1, 0) for digit in (1, 2, 5)),
    *(10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200, 36_000),
)


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


class Timeline(Pane, can_focus=False):
    """The lanes of the run that is looked at."""

    def __init__(self, looking: Looking, paint: Paint) -> None:
        super().__init__(looking, paint)
        self._key: object = None
        self._lanes = Lanes(None)

    @property
    def lanes(self) -> Lanes:
        """The lanes of the selected span's run."""
        root = self._looking.selected
        while root is not None and root.parent is not None:
            root = root.parent
        key = (root, self._looking.index.tree.version)
        if key != self._key:
            self._key, self._lanes = key, Lanes(root)
        return self._lanes

    def draw(self, width: int, height: int) -> Sequence[Strip]:
        """The times, and the lanes around that of the selected span."""
        lanes, selected, at = self.lanes, self._looking.selected, self._looking.at
        lane = lanes.of.get(selected, 0) if selected else 0
        shown = self.place(lane, len(lanes.lanes))
        window = lanes.window(at, self._looking.now)
        axis = self._paint.strip([self._axis(window, width)], width)
        return [axis, *(self._row(lanes.bars(lane, at, window, width), width) for lane in shown)]

    def _axis(self, window: tuple[float, float], width: int) -> Piece:
        """The times above the bars, from the start of the run on."""
        lanes, glyphs, row = self._lanes.lanes, self._paint.look.glyphs, ""
        began = (lanes[0][0].began if lanes else None) or window[0]
        start, end = (moment - began for moment in window)
        scale = width / max(1e-6, end - start)
        every = next((step for step in _EVERY if step * scale >= _CELLS), _EVERY[-1])
        for tick in range(ceil(start / every), int(end / every) + 1):
            at, time = int((tick * every - start) * scale), round(tick * every, 4)
            said = whole_seconds(time) if time >= 60 else f"{time:g} s"
            row = row.ljust(at, glyphs.line) + f"{'+' if glyphs.form else '┬'} {said} "
        return "dim", row[:width].ljust(width, glyphs.line)

    def _row(self, bars: Iterable[Bar], width: int) -> Strip:
        pieces, x = list[Piece](), 0
        for bar in bars:
            pieces += [("plain", " " * (bar.start - x)), self._bar(bar)]
            x = bar.end
        return self._paint.strip(pieces, width)

    def _bar(self, bar: Bar) -> Piece:
        """A name in the beginning, if there is room for one: behind what waits if there is."""
        look, form = self._paint.look, bool(self._paint.look.glyphs.form)
        width, waits = bar.end - bar.start, max(0, min(bar.token, bar.end) - bar.start)
        runs = (_SELECTED if bar.span is self._looking.selected else _RUNS)[form]
        drawn = _WAITS[form] * waits + runs * (width - waits)
        name = head(look.line(bar.span.name[:width]), width - 3, look.glyphs.ellipsis)
        failed = bar.span.status(self._looking.at) == "error"
        style: Style = "bad" if failed else STYLES.get(bar.span.kind, "plain")
        if width < 6:
            return style, drawn
        at = waits + 1 if width - waits > cells(name) + 2 else 1
        return style, f"{drawn[:at]} {name} {drawn[at + cells(name) + 2 :]}"


def _bar(span: Span, at: int, window: tuple[float, float], scale: float) -> Bar:
    ended, token = span.ended(at) or window[1], span.first_token(at)
    start, end = (int((when - window[0]) * scale) for when in (_began(span), ended))
    waits = end if token is None else int((token - window[0]) * scale)
    return Bar(span, start, max(start + 1, end), waits if span.kind == "model" else start)


def _began(span: Span) -> float:
    return span.began or 0.0
