"""Markdown as it is written: a finished top-level block is final, so it is shown once.

The unfinished block is shown as its source, in the footer alone: rendering it again for every
frame would make the cost quadratic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from catagent.views.parts import Rows
from catagent.views.style import Look
from catagent.views.text import Feed, last_rows
from catagent.views.wrap import wrap

# Longer blocks are cut: what is not shown yet stays small, and so does the footer's work.
MAX_BLOCK = 6000
MAX_FENCE_LINES = 40

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_ITEM = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])(\s|$)")
_HEADING = re.compile(r" {0,3}#{1,6}(\s|$)")
_DELIMITER = re.compile(r" {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_CELL_EDGE = re.compile(r"(?<!\\)\|")
# The rest of a line that was cut must not begin like a list or a heading.
_SAFE_CUT = re.compile(r".* (?=[^\W\d_])", re.DOTALL)


@dataclass(slots=True)
class Table:
    """What the pieces of one table share: its head, and the widths of its columns as drawn."""

    head: tuple[str, str]
    columns: tuple[int, ...] = ()
    width: int = 0


class Block(NamedTuple):
    """Markdown that can be drawn by itself; `continues` the block before it, which was cut."""

    source: str
    continues: bool = False
    code: bool = False
    table: Table | None = None

    @property
    def news(self) -> str:
        """The source without the head of a table that was shown before."""
        if self.table is None or not self.continues:
            return self.source
        return self.source.split("\n", len(self.table.head))[-1]


class Blocks:
    """Takes Markdown line by line. A list is one block."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.continues = False
        self._opened_fence = self._mark = ""
        self._size = 0
        self._table: Table | None = None
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
        block = Block(source, self.continues, code, self._table)
        self.continues, self._table = cut, self._table if cut else None
        self.lines = list(self._table.head) if self._table else []
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
        done = self.flush(cut=True) if full else []
        self._keep(line)
        return done

    def _outside(self, line: str) -> list[Block]:
        if not line.strip():
            return self._blank_line()
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
        self._keep(line)
        return done

    def _blank_line(self) -> list[Block]:
        if not self._in_list:
            return self.flush()
        self._blank = True
        self._keep("")
        return []

    def _keep(self, line: str) -> None:
        if self._begins_table(line):
            self._table = Table((self.lines[-1], line))
        self.lines.append(line)
        self._size += len(line) + 1

    def _begins_table(self, line: str) -> bool:
        if self._mark or self._in_list or self._table or not self.lines:
            return False
        head = self.lines[-1]
        return "|" in head and bool(_DELIMITER.match(line)) and _width(head) == _width(line)


class Markdown(Feed):
    """The answer of an agent, block by block."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._blocks, self._line, self._begun = Blocks(), "", False

    def take(self, width: int | None) -> Rows:
        """Return the rows of the blocks that have ended."""
        rows: Rows = []
        for block in self._ended_blocks():
            drawn = self._render(block, width)
            rows += [""] if drawn and self._begun and not block.continues else []
            rows += drawn
            self._begun = self._begun or bool(drawn)
        self.settled = self.finished
        return rows

    def unshown(self) -> str:
        """The unfinished block and what came after it."""
        return "\n".join([*self._blocks.lines, self._line]) + "".join(self.pieces)

    def _ended_blocks(self) -> list[Block]:
        *lines, self._line = (self._line + self._arrived()).split("\n")
        blocks = [block for line in lines for block in self._blocks.add(line)]
        while len(self._line) > MAX_BLOCK:
            blocks += self._cut_line()
        if self.finished and not self.settled:
            blocks += self._blocks.add(self._line) + self._blocks.flush()
            self._line = ""
        return blocks

    def _cut_line(self) -> list[Block]:
        """Break an endless paragraph at a space."""
        safe = _SAFE_CUT.match(self._line, 0, MAX_BLOCK)
        end = safe.end() if safe else self._line.rfind(" ", 0, MAX_BLOCK) + 1 or MAX_BLOCK
        piece, self._line = self._line[:end], self._line[end:]
        return self._blocks.add(piece) + self._blocks.flush(cut=True)

    def _render(self, block: Block, width: int | None) -> Rows:
        from catagent.views.markdown_render import render

        rows = render(block, width or 80, self.look)
        if rows is None:
            return [row for line in block.news.split("\n") for row in wrap(line, width)]
        return rows

    def tail(self, width: int, limit: int) -> Rows:
        """The end of the unfinished block, as its source."""
        open_text = "\n".join([*self._blocks.lines[-limit:], self._line[-limit * width :]])
        rows = last_rows(open_text + self._newest(limit * width), width, limit)
        apart = rows and len(rows) < limit and self._begun and not self._blocks.continues
        return [""] * bool(apart) + [self.look.paint("dim", row) for row in rows]


def _width(row: str) -> int:
    return len(_CELL_EDGE.split(row.strip().strip("|")))
