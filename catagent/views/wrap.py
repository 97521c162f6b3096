"""How wide text is in cells, and greedy wrapping that never takes a row back.

Greedy wrapping is prefix-stable: text that is added later changes the last row alone. That is
what lets a row be printed once, for good, while the model still writes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from catagent.views.sanitize import SGR

# A row of combining marks alone would never be full: so many code points a cell are enough.
MAX_CODE_POINTS_PER_CELL = 4
_VS16 = "\ufe0f"


@lru_cache(maxsize=4096)
def _char_cells(char: str) -> int:
    # Never too small, so that a row never overflows: a terminal that draws emoji sequences as
    # one picture needs less. VS16 makes the narrow character before it wide.
    if char == _VS16:
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def cells(text: str) -> int:
    """Return how many cells of a terminal the text takes up at most. It holds no newline."""
    if text.isascii():
        return len(text)
    return sum(map(_char_cells, text))


def without_colors(row: str) -> str:
    """Return a row as it reads without its colours."""
    return SGR.sub("", row)


def wrap(line: str, width: int | None) -> list[str]:
    """Split one line, without newlines, into rows of at most `width` cells; at least one row.

    Breaks at the last space that fits and swallows it; a longer word is broken where it must
    be. Tabs become four spaces, wherever they stand. `None` is a line of any length.
    """
    line = line.replace("\t", "    ")
    if width is None:
        return [line]
    if line.isascii():
        return _wrap_ascii(line, width)
    return _wrap_cells(line, width)


def _wrap_ascii(line: str, width: int) -> list[str]:
    rows, start, length = [], 0, len(line)
    while length - start > width:
        space = line.rfind(" ", start, start + width + 1)
        if space <= start:
            rows.append(line[start : start + width])
            start += width
        else:
            rows.append(line[start:space])
            start = space + 1
    rows.append(line[start:])
    return rows


def _wrap_cells(line: str, width: int) -> list[str]:
    rows, start, length = [], 0, len(line)
    while True:
        end, space = _fits(line, start, width)
        if end == length:
            rows.append(line[start:])
            return rows
        if space > start:
            rows.append(line[start:space])
            start = space + 1
        else:
            rows.append(line[start:end])
            start = end


def _fits(line: str, start: int, width: int) -> tuple[int, int]:
    """Where the row that begins at `start` is full, and the last space at or before that."""
    used, space = 0, -1
    limit = min(len(line), start + width * MAX_CODE_POINTS_PER_CELL)
    for index in range(start, limit):
        char = line[index]
        used += _char_cells(char)
        if char == " ":
            space = index
        if used > width:
            # The row takes one character at least, even one that is wider than the row.
            return max(index, start + 1), space
    return limit, space


def pack(facts: Iterable[str], dot: str, width: int | None) -> list[str]:
    """Facts one after the other with `dot` between them, in rows that break between facts."""
    rows: list[str] = []
    for fact in facts:
        if rows and (width is None or cells(rows[-1] + dot + fact) <= width):
            rows[-1] += dot + fact
        else:
            rows += wrap(fact, width)
    return rows


def head(text: str, width: int, ellipsis: str) -> str:
    """Return the beginning of one line, cut to `width` cells with an ellipsis if it is longer."""
    if cells(text) <= width:
        return text
    room = max(0, width - cells(ellipsis))
    end, used = 0, 0
    for char in text:
        used += _char_cells(char)
        if used > room:
            break
        end += 1
    return (text[:end] + ellipsis)[: max(0, width)]


def tail(text: str, width: int, ellipsis: str) -> str:
    """Return the end of one line, cut to `width` cells with an ellipsis if it is longer."""
    if cells(text) <= width:
        return text
    return head(text[::-1], width, ellipsis[::-1])[::-1]
