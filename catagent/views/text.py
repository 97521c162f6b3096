"""Text in, rows out as it is written: rows that are out stay as they are."""

from collections import deque
from collections.abc import Sequence
from typing import Self

from catagent.views.parts import Part, Ready, Rows
from catagent.views.style import Look, Style
from catagent.views.wrap import HANG, hung, pack, wrap


class Feed(Part):
    """Text that comes in pieces and is handed out whole, with line endings of one kind."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.pieces: list[str] = []
        self.has_line = False
        self.finished = False

    def feed(self, delta: str) -> None:
        """Add what came; it costs the same however much is here already."""
        self.pieces.append(delta)
        self.has_line = self.has_line or "\n" in delta

    def finish(self) -> None:
        """Take note that nothing more will come."""
        self.finished = True

    def whole(self, text: str) -> Self:
        """Take text that is all there will be, without the empty lines that it begins with."""
        self.feed(text.lstrip("\r\n"))
        self.finish()
        return self

    def newest(self, size: int) -> str:
        """Return the end of what came, on one line, without spaces more than one."""
        return self.look.line(" ".join(last_of(self.pieces, 2 * size).split()))

    def _arrived(self) -> str:
        text, self.pieces, self.has_line = "".join(self.pieces), [], False
        if text.endswith("\r") and not self.finished:
            # It may be one half of a line ending, so it waits for the next piece.
            text, self.pieces = text[:-1], ["\r"]
        return self.look.text(text.replace("\r\n", "\n"))


class Text(Feed):
    """Running text, wrapped greedily, in one style."""

    def __init__(self, look: Look, style: Style = "plain") -> None:
        super().__init__(look)
        self.style = style
        self._open_row = self._held_lines = ""

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""
        self.settled = self.finished
        # A line of any length is looked at once, when it ends: the cost stays linear.
        due = self.pieces and (width is not None or self.has_line)
        rows = self._full_rows(width) if due or self.finished else []
        if self.finished and self._open_row:
            rows.append(self._open_row)
            self._open_row = ""
        return [self._paint(row.rstrip(" ")) for row in rows]

    def _full_rows(self, width: int | None) -> Rows:
        text = self._open_row + self._held_lines + self._arrived()
        # Models often end with empty lines: only those between lines count.
        lines = text.rstrip("\n")
        self._held_lines = text[len(lines) :]
        *ended, last = lines.split("\n")
        rows = [row for line in ended for row in hung(line, width)]
        *full, self._open_row = hung(last, width)
        return rows + full

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""
        newest = self.look.text(last_of(self.pieces, limit * width).replace("\r\n", "\n"))
        text = self._open_row + self._held_lines + newest
        return [self._paint(row) for row in last_rows(text, width, limit)]

    def _paint(self, row: str) -> str:
        return self.look.paint(self.style, row.replace(HANG, " "))


def last_of(pieces: Sequence[str], size: int) -> str:
    """The last `size` characters or so of a text in pieces."""
    found: deque[str] = deque()
    for piece in reversed(pieces):
        found.appendleft(piece[-size:])
        size -= len(piece)
        if size <= 0:
            break
    return "".join(found)


def last_rows(text: str, width: int, limit: int) -> Rows:
    """The last rows of a text that are not empty."""
    return [row for line in text.split("\n") for row in wrap(line, width) if row][-limit:]


def written(look: Look, text: str, style: Style = "plain") -> Feed:
    """Text that is there as a whole."""
    return Text(look, style).whole(text)


def facts(look: Look, *groups: Sequence[str], style: Style = "dim") -> Ready:
    """Short facts: each group begins a row, and rows break between facts."""
    dot = look.glyphs.dot

    def rows(width: int | None) -> Rows:
        packed = [row for group in groups for row in pack(map(look.line, group), dot, width)]
        return [look.paint(style, row) for row in packed]

    return Ready(rows)
