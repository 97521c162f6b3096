"""The live view: events in, frames out. Pure: the terminal's size and the time are passed in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from catagent.events.types import Event
from catagent.views import notes
from catagent.views.footer import footer
from catagent.views.options import READABLE_WIDTH, ViewOptions
from catagent.views.parts import Rows
from catagent.views.sanitize import Colors
from catagent.views.status import Board
from catagent.views.style import Look, live_look, plain_look
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
        self.options = options
        self.look: Look = live_look(options)
        self.board = Board(began)
        self.transcript = Transcript(self.look, options.width or READABLE_WIDTH)
        self.partial = ""

    def update(self, event: Event, now: float) -> None:
        """Take one event that arrived at `now`, in seconds on the clock of `began`."""
        self.board.update(event, now)
        self.transcript.update(event)

    def outside(self, lines: Iterable[str]) -> None:
        """Take lines that another program wrote to our terminal."""
        self.transcript.outside(lines)

    def printed(self, lines: Iterable[str], partial: str = "") -> None:
        """Take whole lines that the program printed, and what it has begun the next one with."""
        self.transcript.printed(lines)
        self.partial = partial

    def frame(self, size: Size, now: float, status: str) -> Frame:
        """Return what is to be shown now. If it raises, final rows are still owed."""
        self.transcript.ripen(self.width(size))
        below = self._footer(size, now, status)
        return Frame(self.transcript.hand_out(), below)

    def _footer(self, size: Size, now: float, status: str) -> Rows:
        width, partial = self.width(size), _partial(self.partial, size)
        if self.options.quiet:
            return partial
        rows = footer(
            self.transcript, self.board, width=width, height=size.rows, now=now, status=status
        )
        return [*partial, *rows]  # first: it is the next row, and has the cursor

    def last(self, size: Size) -> Rows:
        """Return the rows that are still owed: nothing more will come."""
        self.transcript.settle()
        return self.transcript.take(self.width(size))

    def width(self, size: Size) -> int:
        """Rows stay one cell short of the edge: a terminal may wrap as soon as it is reached."""
        return max(8, min(size.columns - 1, self.options.width or READABLE_WIDTH))


def _partial(text: str, size: Size) -> Rows:
    """The line that the program has begun: with its colours where it fits, else its end."""
    row, room = Colors().line(text.replace("\t", "    ")), size.columns - 1
    plain = without_colors(row)
    return [row if cells(plain) <= room else tail(plain, room, "")] if text else []


class Fallback:
    """Replaces a live view that has raised: the rest of the run in plain lines."""

    def __init__(self, failed: LiveView, error: Exception) -> None:
        self.look = plain_look(failed.options)
        self._failure = f"{type(error).__name__}: {error}"
        self._transcript = failed.transcript
        self._transcript.restyle(self.look)
        self._partial = failed.partial

    def update(self, event: Event, now: float) -> None:
        """Take one event; one that cannot be shown even here is at least named."""
        try:
            self._transcript.update(event)
        except Exception as error:
            text = f"{type(event).__name__} could not be shown: {error}"
            self._transcript.add(written(self.look, text))

    def outside(self, lines: Iterable[str]) -> None:
        """Take lines that another program wrote to our terminal."""
        self._transcript.outside(lines)

    def printed(self, lines: Iterable[str], partial: str = "") -> None:
        """Take whole lines that the program printed, and what it has begun the next one with."""
        self._transcript.printed(lines)
        self._partial = partial

    def frame(self, size: Size, now: float, status: str) -> Frame:
        """Return the lines that are complete."""
        rows = self._transcript.take(max(8, size.columns - 1))
        return Frame(rows, _partial(self._partial, size))

    def last(self, size: Size) -> Rows:
        """Return the lines that are still owed, and why they look different from the first."""
        self._transcript.settle()
        self._transcript.add(notes.view_failed(self.look, self._failure))
        return self._transcript.take(max(8, size.columns - 1))
