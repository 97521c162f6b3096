"""Splits Markdown into pieces that are final, each as soon as it is written.

A paragraph is one piece; a table comes row by row, and code line by line. What is in the items of a
list comes as it would outside of them, with the items' signs before it.
"""

import re
from typing import Any, Literal, NamedTuple

# A longer paragraph is cut: what is not shown yet stays small, and so does the footer's work.
MAX_BLOCK = 6000
# Of code inside of a comment that has not ended.
MAX_HELD_LINES = 40
# Of lists in lists.
DEEPEST = 12
BULLET = "•"

_FENCE = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})(.*)$")
_ITEM = re.compile(r" {0,3}([-*+]|(\d{1,9})[.)])(?: {1,4}(?=\S)|(?=\s|$))")
_HEADING = re.compile(r" {0,3}#{1,6}(\s|$)")
_RULE = re.compile(r" {0,3}([-*_])(?: *\1){2,} *$")
_QUOTE = re.compile(r" {0,3}>")
_DELIMITER = re.compile(r" {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_CELL_EDGE = re.compile(r"(?<!\\)\|")
# Lexers know what a comment is when they see its end.
_OPEN_COMMENT = re.compile(r"\s*(?:/\*(?!.*?\*/)|<!--(?!.*?-->))", re.DOTALL)


class Block(NamedTuple):
    """Markdown that can be drawn by itself.

    `head` is the language of code, and of a table its first two lines and the first row, where that
    is not in the source itself. What `continues` has no empty row before it. `signs` are those of
    the list items that it is in, outermost first: blank where they stand above already.
    """

    source: str
    kind: Literal["text", "code", "table"] = "text"
    head: str = ""
    continues: bool = False
    signs: tuple[str, ...] = ()


class Blocks:
    """Takes Markdown line by line. `depth` is in how many list items it is.

    Inside of them blocks are as far apart as they are written.
    """

    def __init__(self, depth: int = 0) -> None:
        self._depth, self._blank, self._apart, self._is_cut = depth, False, False, False
        self._lines: list[str] = []
        self._size = 0
        self._mark, self._language, self._indent = "", "", 0  # of the fence that is open
        self._table: list[str] = []  # its head, as far as it has come
        self._begun = False  # the fence or the table, of which something was returned
        self._item: Item | None = None

    def add(self, line: str) -> list[Block]:
        """Take one line; return the pieces that it finishes."""
        if self._item is not None:
            line = _spaced(line)
            if self._item.holds(line, after_blank=self._blank):
                self._blank = not line.strip()
                return self._item.add(line)
            return self._after_item(line)
        return self._in_fence(line) if self._mark else self._outside(line)

    def cut(self) -> list[Block]:
        """Return what there is of a paragraph, the rest of which will follow."""
        if self._item is not None:
            return self._item.cut()
        self._is_cut = bool(self._lines) and not self._mark
        return self._text() if self._is_cut else []

    def flush(self) -> list[Block]:
        """Return what there is: the last block has ended."""
        if self._item is not None:
            item, self._item = self._item, None
            return item.flush()
        if self._mark:
            done = self._code() if self._begun or any(map(str.strip, self._lines)) else []
        else:
            done = self._rows() if self._table and not self._begun else self._text()
        self._lines, self._table, self._mark = [], [], ""
        self._begun = self._is_cut = False
        return done

    def is_paragraph(self) -> bool:
        """Whether a line that is not indented may go on with what was written last."""
        if self._item is not None:
            return self._item.blocks.is_paragraph()
        return bool(self._lines) and not self._mark

    def _outside(self, line: str) -> list[Block]:
        if not line.strip():
            done, self._blank = self.flush(), True
            return done
        if fence := _FENCE.match(line):
            done = self.flush()
            self._begin()
            self._indent, self._mark, self._language = fence.start(1), fence[1], fence[2].strip()
            return done
        if (item := _ITEM.match(line)) and self._may_begin(item, line):
            return self.flush() + self._begin_item(item, line, None)
        if _HEADING.match(line) or (_RULE.match(line) and not (self._lines and "-" in line)):
            done = self.flush()
            self._begin()
            return [*done, Block(line, continues=not self._apart)]
        if self._table and "|" in line:
            return self._row(line)
        return (self.flush() if self._table else []) + self._in_paragraph(line)

    def _begin(self) -> None:
        """Take note of how far what begins is from what is above it."""
        self._apart = (self._blank or not self._depth) and not self._is_cut
        self._blank = self._is_cut = False

    # Running text

    def _in_paragraph(self, line: str) -> list[Block]:
        done: list[Block] = []
        if not self._lines:
            self._begin()
        elif self._size > MAX_BLOCK:
            done = self.cut()
            self._begin()
        above = self._lines[-1] if self._lines else ""
        if "|" in above and _DELIMITER.match(line) and _width(above) == _width(line):
            del self._lines[-1]
            if self._lines:
                done += self._text()
                self._begin()
            self._table = [above, line]
        else:
            self._lines.append(line)
            self._size += len(line) + 1
        return done

    def _text(self) -> list[Block]:
        text, self._lines, self._size = "\n".join(self._lines), [], 0
        return [Block(text, continues=not self._apart)] if text.strip() else []

    # Tables

    def _row(self, line: str) -> list[Block]:
        if self._begun:
            return [Block(line, "table", "\n".join(self._table), continues=True)]
        self._table.append(line)
        self._begun = True
        return self._rows()

    def _rows(self) -> list[Block]:
        return [Block("\n".join(self._table), "table", continues=not self._apart)]

    # Code

    def _in_fence(self, line: str) -> list[Block]:
        closing = _FENCE.match(line)
        if closing and closing[1].startswith(self._mark) and not closing[2].strip():
            return self.flush()
        self._lines.append(line[min(self._indent, _margin(line)) :])
        text = "\n".join(self._lines)
        held = _OPEN_COMMENT.match(text) or not (self._begun or text.strip())
        return [] if held and len(self._lines) < MAX_HELD_LINES else self._code()

    def _code(self) -> list[Block]:
        if not self._lines:
            return []
        text, self._lines = "\n".join(self._lines), []
        piece = Block(text, "code", self._language, self._begun or not self._apart)
        self._begun = True
        return [piece]

    # Lists

    def _may_begin(self, item: re.Match[str], line: str) -> bool:
        """Whether the line is an item: of one that interrupts a paragraph more is asked."""
        if _RULE.match(line) or self._depth == DEEPEST:
            return False
        return not self._lines or (item.end() < len(line) and item[2] in (None, "1"))

    def _begin_item(self, item: re.Match[str], line: str, before: "Item | None") -> list[Block]:
        alike = before is not None and before.mark == item[1][-1]
        self._apart = self._blank or not (self._depth or alike)
        self._blank = False
        number = before.number + 1 if before is not None and alike else int(item[2] or 0)
        self._item = Item(item, number, self._depth + 1, continues=not self._apart)
        return self._item.begin(line)

    def _after_item(self, line: str) -> list[Block]:
        before, done = self._item, self.flush()
        if (item := _ITEM.match(line)) and not _RULE.match(line):
            return done + self._begin_item(item, line, before)
        return done + self._outside(line)


class Item:
    """An item of a list, and the blocks in it."""

    def __init__(self, marker: re.Match[str], number: int, depth: int, *, continues: bool) -> None:
        self.mark, self.number = marker[1][-1], number
        self.blocks = Blocks(depth)
        self._continues = continues
        self._sign = f" {number}{self.mark} " if marker[2] else f" {BULLET} "
        self._offset = marker.end() + (not marker[0].endswith(" "))

    def holds(self, line: str, *, after_blank: bool) -> bool:
        """Whether the line is part of the item."""
        # Those who write `10.` before an item often indent what is in it as they did after `9.`.
        if not line.strip() or _margin(line) >= min(3, self._offset):
            return True
        return not (after_blank or _interrupts(line)) and self.blocks.is_paragraph()

    def begin(self, line: str) -> list[Block]:
        """Take the line with the marker."""
        return self._signed(self.blocks.add(line[self._offset :]))

    def add(self, line: str) -> list[Block]:
        """Take another line of the item."""
        return self._signed(self.blocks.add(line[min(_margin(line), self._offset) :]))

    def cut(self) -> list[Block]:
        """Return what there is of a paragraph."""
        return self._signed(self.blocks.cut())

    def flush(self) -> list[Block]:
        """Return what there is: the item has ended. An empty one has its sign alone."""
        rest = self.blocks.flush()
        return self._signed(rest if rest or not self._sign.strip() else [Block("")])

    def _signed(self, blocks: list[Block]) -> list[Block]:
        """The blocks, the first of them with the sign of the item."""
        return [block._replace(**self._place(block)) for block in blocks]

    def _place(self, block: Block) -> dict[str, Any]:
        sign, self._sign = self._sign, " " * len(self._sign)
        continues = self._continues if sign.strip() else block.continues
        return {"signs": (sign, *block.signs), "continues": continues}


def _interrupts(line: str) -> bool:
    """Whether the line begins something, and goes on with no paragraph."""
    begins = (_FENCE, _ITEM, _HEADING, _RULE, _QUOTE)
    return any(pattern.match(line) for pattern in begins)


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _spaced(line: str) -> str:
    """The line, with spaces for the tabs that it begins with."""
    text = line.lstrip(" \t")
    return line[: len(line) - len(text)].expandtabs(4) + text


def _width(row: str) -> int:
    return len(_CELL_EDGE.split(row.strip().strip("|")))
