"""The live view: events in, frames out. Pure: the terminal's size and the time are passed in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from catagent.events.types import Event
from catagent.views import notes
from catagent.views.footer import footer
from catagent.views.options import READABLE_WIDTH, ViewOptions
from catagent.views.parts import Ready, Rows
from catagent.views.status import Tally
from catagent.views.style import Look, live_look, plain_look
from catagent.views.text import written
from catagent.views.transcript import Transcript


class Size(NamedTuple):
    """Of a terminal, in cells."""

    columns: int
    rows: int


class Frame(NamedTuple):
    """Rows that are final, to be printed once, and rows to be shown until the next frame."""

    final: Rows
    footer: Rows


class LiveView:
    """A run on a terminal: a transcript that grows, and a footer that changes."""

    def __init__(self, options: ViewOptions, began: float) -> None:
        self.options = options
        self.look: Look = live_look(options)
        self.tally = Tally(began=began)
        self.transcript = Transcript(self.look)
        self.owed: Rows = []

    def update(self, event: Event, now: float) -> None:
        """Take one event that arrived at `now`, in seconds on the clock of `began`."""
        self.tally.update(event, now)
        self.transcript.update(event)

    def outside(self, lines: Iterable[str]) -> None:
        """Take lines that another program wrote to our terminal."""
        self.transcript.outside(lines)

    def frame(self, size: Size, now: float, status: str) -> Frame:
        """Return what is to be shown now. If it raises, final rows are still owed."""
        self.owed += self.transcript.take(self.width(size))
        below = self._footer(size, now, status)
        final, self.owed = self.owed, []
        return Frame(final, below)

    def _footer(self, size: Size, now: float, status: str) -> Rows:
        if self.options.quiet:
            return []
        return footer(
            self.transcript.root,
            self.tally,
            self.look,
            width=self.width(size),
            height=size.rows,
            now=now,
            status=status,
        )

    def last(self, size: Size) -> Rows:
        """Return the rows that are still owed: nothing more will come."""
        self.transcript.settle()
        self.owed += self.transcript.take(self.width(size))
        return self.owed

    def width(self, size: Size) -> int:
        """Rows stay one cell short of the edge: a terminal may wrap as soon as it is reached."""
        return max(8, min(size.columns - 1, self.options.width or READABLE_WIDTH))


class Fallback:
    """Replaces a live view that has raised: the rest of the run in plain lines."""

    def __init__(self, failed: LiveView, error: Exception) -> None:
        self.look = plain_look(failed.options)
        self._failure = f"{type(error).__name__}: {error}"
        self._transcript = failed.transcript
        self._transcript.restyle(self.look)
        self._transcript.root.parts.appendleft(Ready(lambda _: failed.owed))

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

    def frame(self, size: Size, now: float, status: str) -> Frame:
        """Return the lines that are complete."""
        return Frame(self._transcript.take(max(8, size.columns - 1)), [])

    def last(self, size: Size) -> Rows:
        """Return the lines that are still owed, and why they look different from the first."""
        self._transcript.settle()
        self._transcript.add(notes.view_failed(self.look, self._failure))
        return self._transcript.take(max(8, size.columns - 1))
