"""What a transcript is built of: parts that give up their rows once, in order, when final.

A part is fed from one side and taken from on the other. `take` returns each row once; a part is
`settled` when there will be no more. `tail` returns the rows that are still in flux, for the
footer, and changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from catagent.views.look import Look, Style
from catagent.views.wrap import cells, without_colors, wrap

Rows = list[str]
NARROWEST = 12


class Part(Protocol):
    """A piece of the transcript; `width` is in cells, None for rows of any length."""

    @property
    def settled(self) -> bool:
        """Whether every row was taken and none will follow."""

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""


def drain(parts: deque[Part], width: int | None) -> Rows:
    """Take from the parts in order, each only after the one before it has settled."""
    rows: Rows = []
    with keeping(parts, rows):
        while parts:
            rows += parts[0].take(width)
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


class Feed(ABC):
    """Text on its way in: appended in pieces, handed out whole, line endings made one kind."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.pieces: list[str] = []
        self.has_line = False
        self.finished = False
        self.settled = False

    def feed(self, delta: str) -> None:
        """Add what came; it costs the same however much is here already."""
        self.pieces.append(delta)
        self.has_line = self.has_line or "\n" in delta

    def finish(self) -> None:
        """Nothing more will come."""
        self.finished = True

    @abstractmethod
    def unshown(self) -> str:
        """Return the text that no row was made of yet, as far as it is known."""

    @abstractmethod
    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""

    @abstractmethod
    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""

    def _arrived(self) -> str:
        text, self.pieces, self.has_line = "".join(self.pieces), [], False
        if text.endswith("\r") and not self.finished:
            # It may be one half of a line ending, so it waits for the next piece.
            text, self.pieces = text[:-1], ["\r"]
        return self.look.text(text.replace("\r\n", "\n"))

    def _newest(self, size: int) -> str:
        """The last `size` characters or so of what has not been handed out."""
        found, length = [], 0
        for piece in reversed(self.pieces):
            found.append(piece[-size:])
            length += len(found[-1])
            if length >= size:
                break
        return self.look.text("".join(reversed(found)).replace("\r\n", "\n"))


class Text(Feed):
    """Running text, wrapped greedily, in one style."""

    def __init__(self, look: Look, style: Style = "plain") -> None:
        super().__init__(look)
        self._style = style
        self._open_row = ""
        self._held_lines = ""
        self._begun = False

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""
        # A line of any length is looked at once, when it ends: the cost stays linear.
        due = self.pieces and (width is not None or self.has_line)
        rows = self._full_rows(width) if due or self.finished else []
        if self.finished:
            self.settled = True
            rows += [self._open_row] if self._open_row else []
            self._open_row = ""
        return [self._paint(row.rstrip(" ")) for row in rows]

    def _full_rows(self, width: int | None) -> Rows:
        text = self._open_row + self._held_lines + self._arrived()
        # Models like to begin and to end with empty lines: only those between lines count.
        lines = text.rstrip("\n")
        self._held_lines = text[len(lines) :]
        if not self._begun:
            lines = lines.lstrip("\n")
            self._begun = bool(lines)
            self._held_lines = self._held_lines if self._begun else ""
        *ended, last = lines.split("\n")
        rows = [row for line in ended for row in wrap(line, width)]
        *full, self._open_row = wrap(last, width)
        return rows + full

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""
        text = self._newest(limit * width)
        if len(text) < limit * width:
            text = self._open_row + self._held_lines + text
        rows = [row for line in text.split("\n") for row in wrap(line, width) if row]
        return [self._paint(row) for row in rows[-limit:]]

    def unshown(self) -> str:
        """The open row and what came after it."""
        return self._open_row + self._held_lines + "".join(self.pieces)

    def _paint(self, row: str) -> str:
        return self.look.paint(self._style, row)


def written(look: Look, text: str, style: Style = "plain") -> Text:
    """Text that is there as a whole."""
    part = Text(look, style)
    part.feed(text)
    part.finish()
    return part


class Ready:
    """Rows that are final as soon as somebody asks, made for the width that they ask for."""

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


class Hanging:
    """A part with a sign before its first row and as much space before the others."""

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
        self._begun = False
        self._last: type[Part] | None = None

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final."""
        rows: Rows = []
        with keeping(self.parts, rows):
            while self.parts:
                part = self.parts[0]
                rows += self._apart(part, part.take(width))
                if not part.settled:
                    break
                self.parts.popleft()
                self._begun = False
        return rows

    def _apart(self, part: Part, rows: Rows) -> Rows:
        if self._begun or not rows:
            return rows
        before, self._last, self._begun = self._last, type(part), True
        close = before is None or (before is type(part) and isinstance(part, Hanging))
        return rows if close or not self.spaced else ["", *rows]


class Panel:
    """Parts one after the other behind a gutter, between a heading and an ending."""

    def __init__(self, look: Look, side: str) -> None:
        self.closed = False
        self.settled = False
        self.behind(look, side)

    def behind(self, look: Look, side: str) -> None:
        """Begin, or begin anew, without parts and behind this gutter."""
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

    def newest(self, width: int) -> str:
        """The last row of what runs inside, for a panel that has to wait its turn."""
        for part in reversed(self.parts):
            row = part.newest(width) if isinstance(part, Panel) else "".join(part.tail(width, 1))
            if row:
                return row
        return ""


def narrower(width: int | None, by: int) -> int | None:
    """The width beside a sign of `by` cells."""
    return None if width is None else max(1, width - by)
