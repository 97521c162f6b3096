"""Parses rows with colour codes, as views make them, into text and its style."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_CODES = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True, slots=True)
class Style:
    """`color` is one of the terminal's sixteen, None for that of plain text."""

    color: int | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False


_PLAIN = Style()
_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 9: "strike"}


def spans(row: str) -> Iterator[tuple[Style, str]]:
    """Yield the pieces of a row. Codes that no view of ours uses change nothing."""
    style, at = _PLAIN, 0
    for found in _CODES.finditer(row):
        if found.start() > at:
            yield style, row[at : found.start()]
        for code in found[1].split(";"):
            style = _after(style, int(code or 0))
        at = found.end()
    if at < len(row):
        yield style, row[at:]


def _after(style: Style, code: int) -> Style:
    if code == 0:
        return _PLAIN
    if code in _ON:
        return replace(style, **{_ON[code]: True})
    if code in range(30, 38) or code in range(90, 98):
        return replace(style, color=code - 30 if code < 90 else code - 82)
    return replace(style, color=None) if code == 39 else style
