"""Rows for Textual: clean text in the styles of the views. Nothing in it is markup or a link."""

import re
from collections.abc import Iterable

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip

from catagent.views.style import STYLES, Look, Style
from catagent.views.wrap import cells, head

_CONSOLE = Console()
Piece = tuple[Style, str]
"""Clean text on one line, and how it looks."""


class Paint:
    """Makes strips in the colours of `look`; what matches `found` is set apart in them."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.found: re.Pattern[str] | None = None
        light = look.options.theme == "light"
        self._styles = {name: self._rich(codes[light]) for name, codes in STYLES.items()}
        reverse = RichStyle(reverse=True)  # that is no colour: it stays where there are none
        self._cursor = self._rich(look.accent) + reverse
        self._match = self._styles["warn"] + reverse

    def _rich(self, codes: str) -> RichStyle:
        """What SGR parameters mean to Rich, in as many colours as may be shown."""
        text = next(iter(AnsiDecoder().decode(self.look.coded(codes, "x"))))
        return text.get_style_at_offset(_CONSOLE, 0)

    def strip(self, pieces: Iterable[Piece], width: int, *, cursor: bool = False) -> Strip:
        """A row of this many cells; under the `cursor` all of it is in one colour."""
        segments, left = list[Segment](), width
        for name, text in pieces:
            shown = text if 2 * len(text) <= left else head(text, left, self.look.glyphs.ellipsis)
            left -= cells(shown)
            segments += self._marked(shown, self._cursor if cursor else self._styles[name])
        return Strip(segments).adjust_cell_length(width, self._cursor if cursor else None)

    def _marked(self, text: str, style: RichStyle) -> Iterable[Segment]:
        if self.found is None:
            return [Segment(text, style)]
        parts = self.found.split(text)  # its one group keeps what was found, at odd places
        return [Segment(part, self._match if at % 2 else style) for at, part in enumerate(parts)]
