"""The live view: events in, frames out. Pure: the terminal's size and the time are passed in."""

from collections.abc import Iterable
from typing import NamedTuple

from catagent.events.types import Event
from catagent.views.footer import footer, status_row
from catagent.views.notes import note
from catagent.views.options import READABLE_WIDTH, ViewOptions, readable
from catagent.views.parts import Rows
from catagent.views.sanitize import Colors
from catagent.views.style import live_look
from catagent.views.text import written
from catagent.views.transcript import Transcript
from catagent.views.wrap import cells, tail, without_colors


class Size(NamedTuple):
    """Of a terminal, in cells."""

    columns: int
    rows: int


class Frame(NamedTuple):
    """Rows that are final, to be printed once, and rows to be shown until the next frame."""

    final: Rows
    footer: Rows


class LiveView:
    """Runs on a terminal: a transcript that grows, and a footer that changes."""

    def __init__(self, options: ViewOptions, began: float) -> None:
        self.transcript = Transcript(live_look(options), options.width or READABLE_WIDTH)
        self.options, self.began = options, began
        self.tokens = 0
        self.partial = ""
        # What it has raised: it goes on without a footer, and `last` says so.
        self.failed: Exception | None = None

    def update(self, event: Event, now: float) -> None:
        """Take one event that arrived at `now`, in seconds on the clock of `began`."""
        try:
            tally = self.transcript.update(event).tally
            before = tally.tokens
            tally.update(event, now)
            self.tokens += tally.tokens - before
        except Exception as error:
            if self.failed is None:
                raise
            text = f"{type(event).__name__} could not be shown: {error}"
            self.transcript.add(written(self.transcript.look, text))

    def printed(self, lines: Iterable[str], partial: str = "") -> None:
        """Take lines that the program that is watched printed, and the one that it has begun."""
        self.partial = partial
        self.transcript.printed(lines)

    def frame(self, size: Size, now: float, status: str) -> Frame:
        """Return what is to be shown now. If it raises, final rows are still owed."""
        self.transcript.ripen(self.width(size))
        below = [] if self.failed else self._footer(size, now, status)
        # First what the program has begun: it is its next row, and has the cursor.
        return Frame(self.transcript.take(self.width(size)), [*self._begun(size), *below])

    def _begun(self, size: Size) -> Rows:
        """The line that the program has begun: with its colours where it fits, else its end."""
        row, room = Colors().line(self.partial.replace("\t", "    ")), size.columns - 1
        plain = without_colors(row)
        return [row if cells(plain) <= room else tail(plain, room, "")] if plain else []

    def _footer(self, size: Size, now: float, status: str) -> Rows:
        shown, width = self.transcript, self.width(size)
        began = (run.tally.began for run in shown.running.values() if self.options.watches)
        since = now - min(began, default=self.began)
        last = status_row(shown, self.tokens, since, width=width, now=now, status=status)
        return footer(shown, last, width=width, height=size.rows, now=now)

    def last(self, size: Size) -> Rows:
        """Return the rows that are still owed: nothing more will come."""
        self.transcript.settle()
        if self.failed:
            look, why = self.transcript.look, f"{type(self.failed).__name__}: {self.failed}"
            text = f"the live view failed, so the rest was shown without what is under way ({why})"
            self.transcript.add(note(look, look.glyphs.warn, text, "warn"))
        return self.transcript.take(self.width(size))

    def width(self, size: Size) -> int:
        """The width of rows in a terminal of this size."""
        return readable(self.options, size.columns)
