"""Markdown in, rows out as it is written: once where they are final, else in the footer."""

import copy
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from catagent.views.markdown_blocks import Block, Blocks
from catagent.views.parts import NARROWEST, Rows
from catagent.views.style import Look
from catagent.views.text import Feed, last_rows
from catagent.views.wrap import wrap

# What a line begins with that may become the mark of anything: it is shown when it has.
_UNDECIDED = re.compile(r"[\s\-=*_`~#>+|:.)\d]*")
# In characters: drawing more for every frame would be too slow, and a longer paragraph at all.
MOST_DRAWN, LONGEST = 2000, 20_000


class Markdown(Feed):
    """The answer of an agent, piece by piece: one that has ended is final, so it is shown once."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.blocks = Blocks()
        self._begun = False
        self._lexer: tuple[str, ...] = ()  # where the code before has left it

    def take(self, width: int | None) -> Rows:
        """Return the rows of the pieces that have ended."""
        rows = self.draw(self.ended_blocks(), width)
        self.settled = self.finished
        return rows

    def tail(self, width: int, limit: int) -> Rows:
        """The end of what is not final yet, as it would be if nothing followed."""
        rest = copy.copy(self)
        rest.blocks = copy.deepcopy(self.blocks)
        ended, newline, line = "".join(self.pieces).rpartition("\n")
        rest.pieces = [ended, newline, "" if _UNDECIDED.fullmatch(line) else line]
        rest.finish()
        pieces = rest.ended_blocks()
        if sum(len(piece.source) for piece in pieces) > MOST_DRAWN:
            text = "\n".join(piece.source for piece in pieces)
            return last_rows(text[-MOST_DRAWN:], width, limit)
        return rest.draw(pieces, width)[-limit:]

    def ended_blocks(self) -> list[Block]:
        """Return the pieces that have ended since the last call."""
        if self.settled or not (self.has_line or self.finished):
            return []  # a line of any length is looked at once: the cost stays linear
        *lines, line = self._arrived().split("\n")
        blocks = [block for each in lines for block in self.blocks.add(each)]
        if self.finished:
            return blocks + (self.blocks.add(line) if line else []) + self.blocks.flush()
        self.pieces.insert(0, line)
        return blocks

    def draw(self, pieces: Iterable[Block], width: int | None) -> Rows:
        """Return the rows of the next pieces."""
        rows: Rows = []
        for piece in pieces:
            drawn = list(self._signed(piece, width))
            if drawn and self._begun and piece.above is not None:
                rows.append(self._sign(piece.above).rstrip(" "))
            rows += drawn
            self._begun = self._begun or bool(drawn)
        return rows

    def _signed(self, piece: Block, width: int | None) -> Iterator[str]:
        """The rows of a piece, below the signs of what it is in, where there is room for them."""
        room = len(piece.sign) if width is None else max(0, width - NARROWEST)
        sign, below = (text[max(0, len(text) - room) :] for text in (piece.sign, piece.below))
        for row in self._rows(piece, width and width - len(sign)):
            yield (self._sign(sign) + row).rstrip(" ")
            sign = below

    def _sign(self, sign: str) -> str:
        """What is before a row, as this terminal shows it."""
        glyphs = self.look.glyphs
        shown = sign.replace("•", glyphs.bullet).replace("▌", glyphs.bar)
        return self.look.coded(self.look.accent, shown) if sign.strip() else sign

    def _rows(self, piece: Block, width: int | None) -> Rows:
        with suppress(Exception):  # a defect of parser or lexer: the source is left
            from catagent.views import markdown_render

            at = width or 80
            if len(piece.source) > LONGEST:
                raise ValueError("too long")
            if piece.kind == "code":
                before = self._lexer if piece.continues else ()
                rows, self._lexer = markdown_render.code(piece, at, self.look, before)
                return rows
            if (drawn := markdown_render.render(piece, at, self.look)) is not None:
                return drawn
        return [row for line in piece.source.split("\n") for row in wrap(line, width)]
