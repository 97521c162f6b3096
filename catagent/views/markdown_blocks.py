"""Splits Markdown into top-level blocks as it is written, and long blocks into pieces."""

import re
from collections.abc import Iterable
from typing import NamedTuple

# Longer blocks are cut: what is not shown yet stays small, and so does the footer's work.
MAX_BLOCK = 6000
MAX_FENCE_LINES = 40

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_ITEM = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])(\s|$)")
_HEADING = re.compile(r" {0,3}#{1,6}(\s|$)")
_DELIMITER = re.compile(r" {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_CELL_EDGE = re.compile(r"(?<!\\)\|")


class Block(NamedTuple):
    """Markdown that can be drawn by itself; `continues` the block before it, which was cut.

    Every piece of a long table has its head.
    """

    source: str
    continues: bool = False
    code: bool = False


class Blocks:
    """Takes Markdown line by line. A list is one block."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.continues = False
        self._opened_fence = self._mark = ""
        self._size = 0
        self._head: list[str] = []  # of the table that the last block is
        self._in_list = self._blank = False

    def add(self, line: str) -> list[Block]:
        """Take one line; return the blocks that it finishes, usually none."""
        if self._mark:
            return self._in_fence(line)
        fence = _FENCE.match(line)
        if fence and not (self._in_list and line.startswith(" ")):
            done = self.flush()
            self._mark, self._opened_fence = fence[1], line
            return done
        return self._outside(line)

    def flush(self, *, cut: bool = False) -> list[Block]:
        """Return what there is of the last block; `cut` if the rest of it will follow."""
        text, code = "\n".join(self.lines), bool(self._mark)
        source = f"{self._opened_fence}\n{text}\n{self._mark}" if code else text
        block = Block(source, self.continues, code)
        self.continues, self._head = cut, self._head if cut else []
        self.lines = [*self._head]
        self._size, self._in_list, self._blank = 0, False, False
        return [block] if text.strip() or (code and text and cut) else []

    def _in_fence(self, line: str) -> list[Block]:
        closing = _FENCE.match(line)
        if closing and closing[1].startswith(self._mark) and not closing[2].strip():
            done = self.flush()
            self._mark = ""
            return done
        # At the left margin the lexer, which starts again with every piece, is usually right.
        margin = 1 if line[:1].strip() else 2
        full = self._size > margin * MAX_BLOCK or len(self.lines) >= margin * MAX_FENCE_LINES
        return self._keep(line, self.flush(cut=True) if full else ())

    def _outside(self, line: str) -> list[Block]:
        if not line.strip():
            self._blank = True
            return self._keep("") if self._in_list else self.flush()
        item = _ITEM.match(line)
        after_list = self._in_list and self._blank and not item
        done = self.flush() if after_list and not line.startswith(("  ", "\t")) else []
        if _HEADING.match(line) and not self._in_list:
            return done + self.flush() + [Block(line)]
        inside_item = self._in_list and (not item or line.startswith(" "))
        if self._size > MAX_BLOCK * (4 if inside_item else 1):
            done += self.flush(cut=True)
        self._in_list = self._in_list or (item is not None and not self.lines)
        self._blank = False
        return self._keep(line, done)

    def _keep(self, line: str, done: Iterable[Block] = ()) -> list[Block]:
        if not (self._mark or self._in_list or self._head) and self.lines:
            above = self.lines[-1]
            if "|" in above and _DELIMITER.match(line) and _width(above) == _width(line):
                self._head = [above, line]
        self.lines.append(line)
        self._size += len(line) + 1
        return list(done)


def _width(row: str) -> int:
    return len(_CELL_EDGE.split(row.strip().strip("|")))
