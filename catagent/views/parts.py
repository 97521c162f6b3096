"""The parts of a transcript, which give up their rows once, in order, when they are final.

A part is fed from one side and taken from on the other.
"""

from collections import deque
from collections.abc import Callable, Iterable

from catagent.views.wrap import cells, without_colors

Rows = list[str]
NARROWEST = 12


class Part:
    """A piece of the transcript; `width` is in cells, None for rows of any length.

    It is `settled` when every row was taken and none will follow.
    """

    settled = False

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""
        raise NotImplementedError

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet, for the footer; changes nothing."""
        return []

    def newest(self, size: int) -> str:
        """Return the end of running text, `size` characters or more, clean and on one line."""
        return ""


class Ready(Part):
    """Rows that are all final when they are asked for, made for the width that is asked for."""

    settled = True

    def __init__(self, make: Callable[[int | None], Rows]) -> None:
        self._make = make

    def take(self, width: int | None) -> Rows:
        """Return the rows; they are asked for once."""
        return self._make(width)


class Hanging(Ready):
    """A whole part with a sign before its first row, and as much space before the others."""

    def __init__(self, sign: str, part: Part) -> None:
        self.part = part
        space = " " * cells(without_colors(sign))

        def signed(width: int | None) -> Rows:
            rows = part.take(narrower(width, len(space)))
            return [(space * bool(row) if index else sign) + row for index, row in enumerate(rows)]

        super().__init__(signed)


class Stack(Part):
    """Parts in order, each taken from after the one before has settled, until it is `closed`.

    `parts` that are given are all there will be. `side` is before every row, where the screen is
    wide enough; an empty row is between parts that are `spaced`.
    """

    def __init__(self, *parts: Part, side: str = "", spaced: bool = False) -> None:
        self.parts = deque(parts)
        self.closed, self.spaced, self._side = bool(parts), spaced, side
        # The last part of which there were any rows.
        self.begun: Part | None = None

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call."""
        rows: Rows = []
        side, inner = self._gutter(width)
        try:
            while self.parts:
                part, new = self.parts[0], self.parts[0].take(inner)
                rows += [""] * bool(new and self._is_apart(part)) + new
                self.begun = part if new else self.begun
                if not part.settled:
                    break
                self.parts.popleft()
        except Exception:
            self.parts.appendleft(Ready(lambda _: rows))  # they are still owed
            raise
        self.settled = self.closed and not self.parts
        return [(side + row).rstrip(" ") for row in rows] if side else rows

    def mention(self, parts: Iterable[Part]) -> None:
        """Show small parts, of which many may follow one another."""
        self.parts.extend(parts)

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet, apart from those that are."""
        side, inner = self._gutter(width)
        rows = self.parts[0].tail(inner or width, limit) if self.parts else []
        apart = 0 < len(rows) < limit and self._is_apart(self.parts[0])
        return [side + row for row in ([""] * apart + rows)]

    def newest(self, size: int) -> str:
        """Return the newest text of the last part that has any."""
        return next(filter(None, (part.newest(size) for part in reversed(self.parts))), "")

    def _is_apart(self, part: Part) -> bool:
        """Whether an empty row belongs before the part."""
        close = part is self.begun or (type(part) is type(self.begun) and isinstance(part, Hanging))
        return self.spaced and self.begun is not None and not close

    def _gutter(self, width: int | None) -> tuple[str, int | None]:
        """The gutter and the width inside; what is nested too deep for the screen has none."""
        inner = None if width is None else width - cells(without_colors(self._side))
        return ("", width) if inner is not None and inner < NARROWEST else (self._side, inner)


def narrower(width: int | None, by: int) -> int | None:
    """The width that a sign of `by` cells leaves."""
    return None if width is None else max(1, width - by)
