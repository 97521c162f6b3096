"""Markdown as it is written: a finished top-level block is final, so it is shown once.

The unfinished block is shown as its source, in the footer alone: rendering it again for every
frame would make the cost quadratic.
"""

from __future__ import annotations

import re
from contextlib import suppress

from catagent.views.markdown_blocks import MAX_BLOCK, Block, Blocks
from catagent.views.parts import Rows
from catagent.views.style import Look
from catagent.views.text import Feed, last_rows
from catagent.views.wrap import wrap

# The rest of a line that was cut must not begin like a list or a heading.
_SAFE_CUT = re.compile(r".* (?=[^\W\d_])", re.DOTALL)


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
        with suppress(
            Exception
        ):  # whatever the defect of parser, lexer or Rich: the source is left
            from catagent.views.markdown_render import render

            if (rows := render(block, width or 80, self.look)) is not None:
                return rows
        return [row for line in block.source.split("\n") for row in wrap(line, width)]

    def tail(self, width: int, limit: int) -> Rows:
        """The end of the unfinished block, as its source."""
        open_text = "\n".join([*self._blocks.lines[-limit:], self._line[-limit * width :]])
        rows = last_rows(open_text + self._newest(limit * width), width, limit)
        apart = rows and len(rows) < limit and self._begun and not self._blocks.continues
        return [""] * bool(apart) + [self.look.paint("dim", row) for row in rows]
