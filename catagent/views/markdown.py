"""Markdown while it is being written: a finished top-level block is final, so it is shown once.

The unfinished block is shown as its source, in the footer alone: rendering it anew for every
frame would make the cost quadratic.
"""

from __future__ import annotations

import re

from catagent.views.look import Look
from catagent.views.parts import Feed, Rows
from catagent.views.wrap import wrap

# Longer blocks are split: what is not shown yet stays small, and so does the footer's work.
MAX_BLOCK = 6000
MAX_FENCE_LINES = 40

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_ITEM = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])(\s|$)")
_HEADING = re.compile(r" {0,3}#{1,6}(\s|$)")


class Blocks:
    """Splits Markdown into top-level blocks, line by line. A list is one block."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.opened_fence = ""
        self._size = 0
        self._mark = ""
        self._in_list = False
        self._blank = False

    def add(self, line: str) -> list[str]:
        """Take one line; return the blocks that it finishes, mostly none."""
        if self._mark:
            return self._in_fence(line)
        fence = _FENCE.match(line)
        if fence and not (self._in_list and line.startswith(" ")):
            done = self.flush()
            self._mark, self.opened_fence = fence[1], line
            return done
        return self._outside(line)

    def flush(self) -> list[str]:
        """Return what there is of the last block."""
        block = "\n".join(self.lines)
        if self._mark:
            block = f"{self.opened_fence}\n{block}\n{self._mark}"
        self.lines, self._size, self._in_list, self._blank = [], 0, False, False
        return [block] if block.strip() else []

    def _in_fence(self, line: str) -> list[str]:
        closing = _FENCE.match(line)
        if closing and closing[1].startswith(self._mark) and not closing[2].strip():
            done = self.flush() if self.lines or self.opened_fence else []
            self._mark = self.opened_fence = ""
            return done
        self._keep(line)
        if self._size > MAX_BLOCK or len(self.lines) >= MAX_FENCE_LINES:
            return self.flush()
        return []

    def _outside(self, line: str) -> list[str]:
        item = _ITEM.match(line)
        done: list[str] = []
        if not line.strip():
            return self._blank_line()
        if self._in_list and self._blank and not item and not line.startswith(("  ", "\t")):
            done = self.flush()
        if self._size > MAX_BLOCK * (4 if self._in_list and not item else 1):
            done = self.flush()
        if _HEADING.match(line) and not self._in_list:
            return done + self.flush() + [line]
        self._in_list = self._in_list or (item is not None and not self.lines)
        self._blank = False
        self._keep(line)
        return done

    def _blank_line(self) -> list[str]:
        if not self._in_list:
            return self.flush()
        self._blank = True
        self._keep("")
        return []

    def _keep(self, line: str) -> None:
        self.lines.append(line)
        self._size += len(line) + 1


class Markdown(Feed):
    """The answer of an agent, block by block."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._blocks = Blocks()
        self._line = ""
        self._begun = False

    def take(self, width: int | None) -> Rows:
        """Return the rows of the blocks that have ended."""
        rows: Rows = []
        for block in self._ended_blocks():
            rows += [""] if self._begun else []
            rows += self._render(block, width)
            self._begun = True
        self.settled = self.finished
        return rows

    def unshown(self) -> str:
        """The unfinished block and what came after it."""
        return "\n".join([*self._blocks.lines, self._line]) + "".join(self.pieces)

    def _ended_blocks(self) -> list[str]:
        *lines, self._line = (self._line + self._arrived()).split("\n")
        blocks = [block for line in lines for block in self._blocks.add(line)]
        while len(self._line) > MAX_BLOCK:
            # One endless paragraph: break it at a space.
            end = self._line.rfind(" ", 0, MAX_BLOCK) + 1 or MAX_BLOCK
            blocks += self._blocks.add(self._line[:end]) + self._blocks.flush()
            self._line = self._line[end:]
        if self.finished and not self.settled:
            blocks += self._blocks.add(self._line) + self._blocks.flush()
            self._line = ""
        return blocks

    def _render(self, block: str, width: int | None) -> Rows:
        from catagent.views.rich_markdown import render

        rows = render(block, width or 80, self.look)
        if rows is None:
            return [row for line in block.split("\n") for row in wrap(line, width)]
        return rows

    def tail(self, width: int, limit: int) -> Rows:
        """The end of the unfinished block, as its source."""
        open_text = "\n".join([*self._blocks.lines[-limit:], self._line[-limit * width :]])
        text = open_text + self._newest(limit * width)
        rows = [row for line in text.split("\n") for row in wrap(line, width) if row]
        return rows[-limit:]
