"""How wide text is in cells, and greedy wrapping that never takes a row back.

Greedy wrapping is prefix-stable: text that is added later changes the last row alone. That is
what lets a row be printed once, for good, while the model still writes.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate, takewhile

from catagent.views.sanitize import SGR

# A row of combining marks alone would never be full: so many code points a cell are enough.
MAX_CODE_POINTS_PER_CELL = 4
# What we put around an address that can be clicked.
_LINK = re.compile("\x1b\\]8;;[!-~]*\x1b\\\\")
_VS16 = "\ufe0f"
# Stands for a space before a row that continues the item of a list: no clean text has it.
HANG = "\x1f"
_ITEM = re.compile(rf"{HANG}+| *(?:[-*+•]|\d{{1,9}}[.)]) +")


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
    """Return a row as it reads without its colours and links."""
    return SGR.sub("", _LINK.sub("", row) if "\x1b]" in row else row)


def wrap(line: str, width: int | None) -> list[str]:
    """Split one line, without newlines, into rows of at most `width` cells; at least one row.

    Breaks at the last space that fits and swallows it; a longer word is broken where it must
    be. Rows of the item of a list are indented under its text. Tabs become four spaces, wherever
    they stand. `None` is a line of any length.
    """
    return [row.replace(HANG, " ") for row in hung(line, width)]


def hung(line: str, width: int | None) -> list[str]:
    """Like `wrap`, with HANG for the spaces of an indented row: so its rest can be wrapped, too."""
    line = line.replace("\t", "    ")
    if width is None or (len(line) <= width and line.isascii()):
        return [line]
    item = _ITEM.match(line)
    hang = item.end() if item and item.end() <= width // 2 else 0
    rows: list[str] = []
    start = indent = hang if line.startswith(HANG) else 0
    while True:
        some = line[start : start + (width - indent) * MAX_CODE_POINTS_PER_CELL]
        # The row takes one character at least, even one that is wider than the row.
        end = start + (_fitting(some, width - indent) or 1)
        if end >= len(line):
            return [*rows, HANG * indent + line[start:]]
        space = line.rfind(" ", start, end + 1)
        rows.append(HANG * indent + line[start : space if space > start else end])
        start, indent = (space + 1 if space > start else end), hang


def _fitting(text: str, width: int) -> int:
    """How many characters at the beginning of the text fit into so many cells."""
    if text.isascii():
        return min(len(text), width)
    return sum(1 for _ in takewhile(width.__ge__, accumulate(map(_char_cells, text))))


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
    end = _fitting(text, max(0, width - cells(ellipsis)))
    return (text[:end] + ellipsis)[: max(0, width)]


def tail(text: str, width: int, ellipsis: str) -> str:
    """Return the end of one line, cut to `width` cells with an ellipsis if it is longer."""
    if cells(text) <= width:
        return text
    return head(text[::-1], width, ellipsis[::-1])[::-1]
