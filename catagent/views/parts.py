"""The parts of a transcript, which give up their rows once, in order, when they are final.

A part is fed from one side and taken from on the other. `take` returns each row once; a part is
`settled` when there will be no more. `tail` returns the rows that are still in flux, for the
footer, and changes nothing; `preview` the last rows of text that waits for its turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from catagent.views.style import Look, Style
from catagent.views.wrap import cells, without_colors

Rows = list[str]
NARROWEST = 12


class Preview(NamedTuple):
    """The last rows of text that waits to be shown, and how to paint them."""

    style: Style = "plain"
    rows: Sequence[str] = ()


class Part(Protocol):
    """A piece of the transcript; `width` is in cells, None for rows of any length."""

    @property
    def settled(self) -> bool:
        """Whether every row was taken and none will follow."""

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""

    def preview(self, width: int, limit: int) -> Preview:
        """Return the last `limit` rows of text, while nobody takes from the part."""


def drain(
    parts: deque[Part],
    width: int | None,
    apart: Callable[[Part, Rows], Rows] = lambda _, rows: rows,
) -> Rows:
    """Take from the parts in order, each only after the one before it has settled.

    `apart` may put rows of a part apart from those of the part before.
    """
    rows: Rows = []
    with keeping(parts, rows):
        while parts:
            rows += apart(parts[0], parts[0].take(width))
            if not parts[0].settled:
                break
            parts.popleft()
    return rows


@contextmanager
def keeping(parts: deque[Part], rows: Rows) -> Iterator[None]:
    """Put `rows` back before the other parts where one of these raises: they are still owed."""
    try:
        yield
    except Exception:
        parts.appendleft(Ready(lambda _: rows))
        raise


class Ready:
    """Rows that are final when they are asked for, made for the width that is asked for."""

    def __init__(self, make: Callable[[int | None], Rows]) -> None:
        self._make = make
        self.settled = False

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""
        if self.settled:
            return []
        self.settled = True
        return self._make(width)

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""
        return []

    def preview(self, width: int, limit: int) -> Preview:
        """Return nothing: this is not running text."""
        return Preview()


class Hanging:
    """A part with a sign before its first row, and as much space before the others."""

    def __init__(self, sign: str, part: Part) -> None:
        self.part = part
        self._sign = sign
        self._space = " " * cells(without_colors(sign))
        self._begun = False

    @property
    def settled(self) -> bool:
        """Whether every row was taken and none will follow."""
        return self.part.settled

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""
        return self._signed(self.part.take(narrower(width, len(self._space))), begin=True)

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""
        rows = self.part.tail(max(1, width - len(self._space)), limit)
        return self._signed(rows, begin=False)

    def preview(self, width: int, limit: int) -> Preview:
        """Return nothing: this is not running text."""
        return Preview()

    def _signed(self, rows: Rows, *, begin: bool) -> Rows:
        begun, signed = self._begun, []
        for row in rows:
            signed.append((self._space if begun else self._sign) + row)
            begun = True
        self._begun = begun if begin else self._begun
        return signed


class Column:
    """Parts one below the other, with an empty row between them where they are `spaced`."""

    def __init__(self, *, spaced: bool) -> None:
        self.parts: deque[Part] = deque()
        self.spaced = spaced
        # The last part of which there were any rows.
        self.begun: Part | None = None

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final."""
        return drain(self.parts, width, self._apart)

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet, apart from those that are."""
        if not self.parts:
            return []
        rows = self.parts[0].tail(width, limit)
        apart = rows and len(rows) < limit and self._is_apart(self.parts[0])
        return ["", *rows] if apart else rows

    def _apart(self, part: Part, rows: Rows) -> Rows:
        if not rows:
            return rows
        apart, self.begun = self._is_apart(part), part
        return ["", *rows] if apart else rows

    def _is_apart(self, part: Part) -> bool:
        close = part is self.begun or (type(part) is type(self.begun) and isinstance(part, Hanging))
        return self.spaced and self.begun is not None and not close


class Panel:
    """Parts one after the other behind a gutter, between a heading and an ending."""

    def __init__(self, look: Look, side: str) -> None:
        self.closed = False
        self.settled = False
        self.behind(look, side)

    def behind(self, look: Look, side: str) -> None:
        """Begin, or begin again, without parts and behind this gutter."""
        self.look = look
        self.parts: deque[Part] = deque()
        self._begun = False
        self._side, self._indent = look.paint("gutter", side), cells(side)

    def heading(self, width: int | None) -> Rows:
        """The rows above the parts, asked for when the first of them are due."""
        return []

    def ending(self, width: int | None) -> Rows:
        """The rows below the parts, asked for when the panel is closed and nothing is left."""
        return []

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""
        rows: Rows = []
        if not self._begun:
            self._begun = True
            rows += self.heading(width)
        side, inner = self._gutter(width)
        rows += [(side + row).rstrip(" ") for row in drain(self.parts, inner)]
        if self.closed and not self.parts and not self.settled:
            self.settled = True
            rows += self.ending(width)
        return rows

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""
        if not self.parts:
            return []
        side, inner = self._gutter(width)
        return [side + row for row in self.parts[0].tail(inner or width, limit)]

    def _gutter(self, width: int | None) -> tuple[str, int | None]:
        """The gutter and the width inside; panels nested too deep for the screen have none."""
        if width is None:
            return self._side, None
        inner = width - self._indent
        return (self._side, inner) if inner >= NARROWEST else ("", width)

    def preview(self, width: int, limit: int) -> Preview:
        """Return the last rows of what runs inside."""
        return newest(self.parts, width, limit)


def newest(parts: deque[Part], width: int, limit: int) -> Preview:
    """The last rows of the last of the parts that has any text."""
    previews = (part.preview(width, limit) for part in reversed(parts))
    return next((preview for preview in previews if preview.rows), Preview())


def narrower(width: int | None, by: int) -> int | None:
    """The width that a sign of `by` cells leaves."""
    return None if width is None else max(1, width - by)
