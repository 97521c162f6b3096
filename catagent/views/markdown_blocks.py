"""Splits Markdown into pieces that are final, each as soon as it is written.

A paragraph is one piece; a table comes row by row, and code line by line. What is in the items of a
list, or in a quote, comes as it would outside, with their signs before it.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

# Of lists and quotes in each other.
DEEPEST = 12
BULLET, QUOTE = " • ", "▌ "

_FENCE = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})(.*)$")
_ITEM = re.compile(r" {0,3}([-*+]|(\d{1,9})[.)])(?: {1,4}(?=\S)|(?=\s|$))")
_QUOTE = re.compile(r" {0,3}> ?")
_HEADING = re.compile(r" {0,3}#{1,6}(\s|$)")
_RULE = re.compile(r" {0,3}([-*_])(?: *\1){2,} *$")
_DELIMITER = re.compile(r" {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_CELL_EDGE = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`[^`]+`")


class Block(NamedTuple):
    """Markdown that can be drawn by itself.

    `head` is the language of code, and of a row of a table that it `continues` the first lines.
    `above` is a row to be shown before it, if any. `sign` is before its first row, and `below`
    before the others: of the items and quotes that it is in.
    """

    source: str
    kind: Literal["text", "code", "table"] = "text"
    head: str = ""
    continues: bool = False
    above: str | None = None
    sign: str = ""
    below: str = ""


class Blocks:
    """Takes Markdown line by line. `depth` is in how many items and quotes it is.

    Inside of them blocks are as far apart as they are written.
    """

    def __init__(self, depth: int = 0) -> None:
        self._depth, self._blank = depth, False
        self._above: str | None = None
        self._lines: list[str] = []
        self._mark, self._language, self._indent = "", "", 0  # of the fence that is open
        self._table: list[str] = []  # its head, as far as it has come
        self._begun = False  # the fence or the table, of which something was returned
        self._inner: _Inside | None = None

    def add(self, line: str) -> list[Block]:
        """Take one line; return the pieces that it finishes."""
        if (within := self._inner) is None:
            return self._in_fence(line) if self._mark else self._outside(line)
        line = _spaced(line)
        if (rest := within.part_of(line, after_blank=self._blank)) is not None:
            self._blank = not line.strip()
            return within.signed(within.blocks.add(rest))
        done = self.flush()
        if (item := _ITEM.match(line)) and not _RULE.match(line):
            return done + self._in_item(item, line, within)
        return done + self._outside(line)

    def flush(self) -> list[Block]:
        """Return what there is: the last block has ended."""
        if (within := self._inner) is not None:
            self._inner = None
            rest = within.blocks.flush()
            return within.signed(rest or [Block("")] * within.is_new)
        done = self._rows() if self._table and not self._begun else self._text()
        self._table, self._mark, self._begun = [], "", False
        return done

    def is_paragraph(self) -> bool:
        """Whether a line that is not indented may go on with what was written last."""
        if self._inner is not None:
            return self._inner.blocks.is_paragraph()
        return bool(self._lines)

    def _outside(self, line: str) -> list[Block]:
        if not line.strip():
            done, self._blank = self.flush(), True
            return done
        if fence := _FENCE.match(line):
            done = self._begin()
            self._indent, self._mark, self._language = fence.start(1), fence[1], fence[2].strip()
            return done
        if _HEADING.match(line) or (_RULE.match(line) and not (self._lines and "-" in line)):
            return [*self._begin(), Block(line, above=self._above)]
        if self._depth < DEEPEST and (quote := _QUOTE.match(line)):
            return self._begin() + self._within(QUOTE, QUOTE, line[quote.end() :])
        if (item := _ITEM.match(line)) and self._may_begin(item, line):
            return self.flush() + self._in_item(item, line)
        if self._table and "|" in line:
            return self._row(line)
        return (self.flush() if self._table else []) + self._in_paragraph(line)

    def _begin(self) -> list[Block]:
        """Take note of how far what begins is from what is above it, which has ended."""
        done = self.flush()
        self._above = "" if self._blank or not self._depth else None
        self._blank = False
        return done

    # Running text

    def _in_paragraph(self, line: str) -> list[Block]:
        above = self._lines[-1] if self._lines else ""
        if "|" in above and _DELIMITER.match(line) and _width(above) == _width(line):
            del self._lines[-1]
            done = self._begin() if self._lines else []
            self._table = [above, line]
            return done
        if not self._lines:
            self._begin()
        self._lines.append(line)
        return []

    def _text(self) -> list[Block]:
        text, self._lines = "\n".join(self._lines), []
        return [Block(text, above=self._above)] if text.strip() else []

    # Tables

    def _row(self, line: str) -> list[Block]:
        if _width(line) > _width(self._table[0]):  # as of `str | None`, which is meant as code
            line = _CODE.sub(lambda code: _CELL_EDGE.sub(r"\\|", code[0]), line)
        if self._begun:
            return [Block(line, "table", "\n".join(self._table), continues=True)]
        self._table.append(line)
        self._begun = True
        return self._rows()

    def _rows(self) -> list[Block]:
        return [Block("\n".join(self._table), "table", above=self._above)]

    # Code

    def _in_fence(self, line: str) -> list[Block]:
        closing = _FENCE.match(line)
        if closing and closing[1].startswith(self._mark) and not closing[2].strip():
            return self.flush()
        begun, self._begun = self._begun, True
        code = line[min(self._indent, _margin(line)) :]
        return [Block(code, "code", self._language, begun, None if begun else self._above)]

    # Lists and quotes

    def _may_begin(self, item: re.Match[str], line: str) -> bool:
        """Whether the line is an item: of one that interrupts a paragraph more is asked."""
        interrupts = item.end() < len(line) and item[2] in (None, "1")
        return self._depth < DEEPEST and (interrupts or not self._lines)

    def _in_item(
        self, item: re.Match[str], line: str, before: "_Inside | None" = None
    ) -> list[Block]:
        mark, offset = item[1][-1], item.end() + (not item[0].endswith(" "))
        alike = before is not None and before.mark == mark
        self._above = "" if self._blank or not (self._depth or alike) else None
        self._blank = False
        number = int(item[2] or 0)  # those who write `1.` before each item count on others to count
        number = max(number, before.number + 1) if before is not None and alike else number
        sign = f" {number}{mark} " if item[2] else BULLET
        return self._within(sign, " " * len(sign), line[offset:], mark, number, offset)

    def _within(self, sign: str, below: str, line: str, *item: Any) -> list[Block]:
        within = _Inside(Blocks(self._depth + 1), sign, below, self._above, *item)
        self._inner = within
        return within.signed(within.blocks.add(line))


@dataclass
class _Inside:
    """An item of a list or, without a mark, a quote; and the blocks in it."""

    blocks: Blocks
    sign: str
    below: str
    above: str | None
    mark: str = ""
    number: int = 0
    offset: int = 0
    is_new: bool = True

    def part_of(self, line: str, *, after_blank: bool) -> str | None:
        """What a line adds to it, without sign and margin; None where it has ended."""
        # Those who write `10.` before an item often indent what is in it as they did after `9.`.
        if self.mark and (not line.strip() or _margin(line) >= min(3, self.offset)):
            return line[min(_margin(line), self.offset) :]
        if not self.mark and (quote := _QUOTE.match(line)):
            return line[quote.end() :]
        begins = any(sign.match(line) for sign in (_FENCE, _ITEM, _HEADING, _RULE, _QUOTE))
        return None if after_blank or begins or not self.blocks.is_paragraph() else line

    def signed(self, blocks: list[Block]) -> list[Block]:
        """The blocks with the signs, the first of all with that of the item itself."""
        return [self._signed(block) for block in blocks]

    def _signed(self, block: Block) -> Block:
        above = None if block.above is None else self.below + block.above
        above, sign = (self.above, self.sign) if self.is_new else (above, self.below)
        self.is_new = False
        return block._replace(above=above, sign=sign + block.sign, below=self.below + block.below)


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _spaced(line: str) -> str:
    """The line, with spaces for the tabs that it begins with."""
    text = line.lstrip(" \t")
    return line[: len(line) - len(text)].expandtabs(4) + text


def _width(row: str) -> int:
    return len(_CELL_EDGE.split(row.strip().strip("|")))
