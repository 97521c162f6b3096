"""Rows that are drawn a line at a time, and anew where they changed alone.

A widget for each row would cost what the run is long.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Literal

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from catagent.inspect.looking import Looking
from catagent.inspect.paint import Paint

Way = Literal["up", "down", "left", "right", "page_up", "page_down", "first", "last"]


class Rows(Widget):
    """Rows of text, of which a subclass draws those that can be seen."""

    _shown: Sequence[Strip] = ()

    def __init__(self, looking: Looking, paint: Paint) -> None:
        super().__init__(id=type(self).__name__.lower())
        self._looking, self._paint = looking, paint

    def draw(self, width: int, height: int) -> Sequence[Strip]:
        """At most `height` rows of `width` cells."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw anew what has changed."""
        width, height = self.size
        before, self._shown = self._shown, self.draw(width, height) if width and height else ()
        rows = enumerate(zip_longest(before, self._shown))
        if changed := [Region(0, y, width, 1) for y, (old, new) in rows if old != new]:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """A row, for Textual."""
        return self._shown[y] if y < len(self._shown) else Strip.blank(self.size.width)

    def on_resize(self) -> None:
        """Draw at the new size."""
        self.redraw()


class Pane(Rows, can_focus=True):
    """Rows below a heading of `heads` rows; of more than fit, those from `top` on are shown."""

    heads = 1
    top = 0

    def place(self, row: int, rows: int) -> range:
        """Which rows to show: this `row` is among them."""
        height = max(1, self.size.height - self.heads)
        self.top = max(0, min(self.top, row, rows - height), row - height + 1)
        return range(self.top, min(rows, self.top + height))

    def way(self, way: Way) -> int:
        """How many rows a key goes."""
        page, far = max(1, self.size.height - self.heads - 1), 1 << 40
        by = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "first": -far, "last": far}
        return by.get(way, 0)

    def go(self, way: Way) -> None:
        """Go where a key points."""
        raise NotImplementedError
