"""What is known of the selected span, a section at a time: wrapped as far as somebody reads."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

from textual.strip import Strip

from catagent.inspect.details import Details, Kept, Section
from catagent.inspect.looking import Looking
from catagent.inspect.outline import cost, lasted, sign
from catagent.inspect.paint import Paint, Piece
from catagent.inspect.panes import Pane, Way
from catagent.inspect.span import Span
from catagent.views.format import seconds, used
from catagent.views.style import Style
from catagent.views.wrap import head, wrap

# A longer line is wrapped in pieces of so many characters, each when it is read.
_PIECE = 8_000


class Page:
    """Lines, and the rows that they make at a width; of lines that stay, rows stay."""

    def __init__(self) -> None:
        self.rows: list[Piece] = []
        self._lines: Sequence[Piece] = ()
        self._width = 0
        self._starts: list[int] = []  # the first row of each line that is wrapped
        self._rest = self._wrapped()

    def show(self, lines: Sequence[Piece], width: int) -> None:
        """Show these lines, which may be those from before with more at the end."""
        if lines is self._lines and width == self._width:
            return
        same = max(0, len(self._starts) - 1)  # the last of them may go on
        if width != self._width or lines[:same] != self._lines[:same]:
            same = 0
        if self._starts:
            del self.rows[self._starts[same] :], self._starts[same:]
        self._lines, self._width, self._rest = lines, width, self._wrapped()

    def until(self, number: int) -> int:
        """Wrap so many rows, if there are; return how many there are so far."""
        while len(self.rows) < number and next(self._rest, False):
            pass
        return len(self.rows)

    def row_of(self, line: int) -> int:
        """Where the rows of a line begin."""
        while len(self._starts) <= line and next(self._rest, False):
            pass
        return self._starts[line]

    def _wrapped(self) -> Iterator[bool]:
        """Wrap the lines that are not yet, a piece each time."""
        for style, text in self._lines[len(self._starts) :]:
            self._starts.append(len(self.rows))
            for at in range(0, len(text) or 1, _PIECE):
                rows = wrap(text[at : at + _PIECE], self._width)
                self.rows += ((style, row) for row in rows)
                yield True


class Reading(Pane):
    """The section of the selected span that was chosen, or else an error, or what came."""

    heads = 2

    def __init__(self, looking: Looking, paint: Paint, kept: Kept | None = None) -> None:
        super().__init__(looking, paint)
        self._details = Details(looking.index, paint.look, kept)
        self._page, self._is_at_end = Page(), False
        self._shows: object = None
        self._told: object = None
        self._sections: list[Section] = []
        self.help: Sequence[Piece] = ()

    @property
    def section(self) -> Section | None:
        """The one that is shown."""
        known = {each.title: each for each in self._sections}
        wanted = (self._looking.section, "error", "came", "changed", *known)
        return next((known[title] for title in wanted if title in known), None)

    def draw(self, width: int, height: int) -> Sequence[Strip]:
        """What is selected, its sections, and the rows from the top on or at the end."""
        looking, span = self._looking, self._looking.selected
        if (key := self._key(span)) != self._told:
            self._told, self._sections = key, self._details.of(span, looking.at) if span else []
        section = self.section
        shows = (span, section and section.title, bool(self.help))
        if shows != self._shows:
            self._shows, self._page, self.top = shows, Page(), 0
            self._is_at_end = bool(span and looking.follows and span.ended(looking.at) is None)
        side: Piece = ("dim", self._paint.look.glyphs.side if self.region.x else " ")
        lines = self.help or (section.lines if section else ())
        self._page.show(lines, max(1, width - 1 - len(side[1])))
        room = max(1, height - self.heads)
        known = self._page.until(sys.maxsize if self._is_at_end else self.top + room)
        self.top = max(0, known - room if self._is_at_end else min(self.top, known - room))
        rows = [[row] for row in self._page.rows[self.top : self.top + room]]
        rows += [[]] * (room - len(rows))
        shown = [self._title(), self._tabs(), *rows]
        return [self._paint.strip([side, *pieces], width) for pieces in shown]

    def _key(self, span: Span | None) -> object:
        """What is another where anything is new of a span; of one with others inside, any event."""
        at = self._looking.at
        return span and (span, at if span.children else (span.events(at), span.status(at)))

    def _title(self) -> list[Piece]:
        """What is selected, and what is known of it in a few words."""
        looking, look, span = self._looking, self._paint.look, self._looking.selected
        if span is None:
            return [("dim", "no run yet")]
        at = looking.at
        token = span.first_token(at)
        facts = [
            span.kind,
            span.status(at),
            lasted(span, looking),
            used(looking.index.used(span, at)),
            cost(span, looking),
            f"first token {seconds(token - span.began)}" if token and span.began else "",
        ]
        rest = look.glyphs.dot + look.glyphs.dot.join(filter(None, facts))
        name = head(look.line(span.name), self.size.width // 2, look.glyphs.ellipsis)
        return [sign(look, span.status(at), looking.now), ("question", name), ("dim", rest)]

    def _tabs(self) -> list[Piece]:
        """The names of the sections; without colour, too, it is seen which is shown."""
        titles: list[str] = [each.title for each in self._sections]
        shown: str = self.section.title if self.section else ""
        titles, shown = (["keys"], "keys") if self.help else (titles, shown)
        styles: dict[str, Style] = {"error": "bad", shown: "question"}
        signs = {shown: f"[{shown}]"}
        return [(styles.get(name, "dim"), signs.get(name, f" {name} ")) for name in titles]

    def reveal(self, found: re.Pattern[str]) -> None:
        """Show the first section that has a text, where it has it."""
        for section in self._sections:
            if callable(section.made):
                continue  # a state that is read only where somebody looks at it
            has = (at for at, (_, text) in enumerate(section.lines) if found.search(text))
            if (at := next(has, None)) is not None:
                self._looking.section = section.title
                self.redraw()
                self.top, self._is_at_end = max(0, self._page.row_of(at) - 2), False
                return

    def turn(self, by: int) -> None:
        """Show the next section, or the one before."""
        titles = [each.title for each in self._sections]
        if self.section:
            turned = titles.index(self.section.title) + by
            self._looking.section = titles[turned % len(titles)]

    def _scroll(self, by: int) -> None:
        """Show other rows; at the end of a text that is being written, stay there."""
        self.top = max(0, self.top + by)
        end = self.top + self.size.height - self.heads
        self._is_at_end = by > 0 and self._page.until(end + 1) <= end

    def go(self, way: Way) -> None:
        """Up and down a row, left and right a section."""
        if by := self.way(way):
            self._scroll(by)
        else:
            self.turn(1 if way == "right" else -1)

    def text(self) -> str:
        """All of the section that is shown, clean."""
        return "\n".join(text for _, text in self.section.lines) if self.section else ""
