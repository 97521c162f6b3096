"""The inspector: the tree of runs, what is known of a span, and a timeline, on one screen."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from functools import partial

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.strip import Strip
from textual.widgets import Input

from catagent.errors import CatagentError
from catagent.events.types import Event
from catagent.inspect.details import Kept
from catagent.inspect.keys import BINDINGS, HELP, HINTS
from catagent.inspect.looking import Looking
from catagent.inspect.outline import Outline
from catagent.inspect.paint import Paint
from catagent.inspect.panes import Pane, Rows, Way
from catagent.inspect.reading import Reading
from catagent.inspect.search import next_error, search
from catagent.inspect.spans import Index
from catagent.inspect.timeline import Timeline
from catagent.views.format import count
from catagent.views.style import Look
from catagent.views.wrap import cells
from catagent.workarounds.app_errors import caught

Feed = AsyncIterator[Sequence[Event]]
FRAMES_PER_SECOND = 12
# Where nothing comes, only the time of what runs goes on: every so many frames are enough.
_IDLE = 4


class Status(Rows):
    """The last row: where in the events somebody is, and what has just happened."""

    def __init__(self, looking: Looking, paint: Paint) -> None:
        super().__init__(looking, paint)
        self.note, self.state = "", "live" if looking.is_live else "reading"

    def draw(self, width: int, height: int) -> Sequence[Strip]:
        """The row."""
        looking, look = self._looking, self._paint.look
        facts = [f" event {looking.at:,} of {len(looking.index):,}"]
        if looking.at:
            facts.append(look.line(looking.type))
        facts.append(self.state if looking.follows else "back in time")
        where = look.glyphs.dot.join(facts)
        room = max(0, width - cells(where) - 3)
        said = self.note or next(hint for hint in HINTS if len(hint) <= room)
        gap = " " * (room + 2 - cells(said))
        return [self._paint.strip([("plain", where + gap), ("dim", said)], width)]


class Inspector(App[int]):
    """Walks through the runs of a feed, while they go on and after."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS = BINDINGS
    CSS = """
    Pane { width: 1fr; height: 1fr; }
    Horizontal { height: 1fr; }
    #timeline { height: 4; }
    #status { height: 1; }
    Input { display: none; height: 1; padding: 0 1; }
    Input, Input:focus { border: none; background: ansi_default; }
    .-searches Input { display: block; }
    .-searches #status { display: none; }
    .-wide Horizontal > Pane { width: 9fr; }
    .-wide Horizontal > Pane:focus { width: 11fr; }
    .-narrow Horizontal { layout: vertical; }
    .-low #timeline { display: none; }
    """

    def __init__(
        self,
        feed: Feed,
        *,
        look: Look,
        title: str = "",
        is_live: bool = False,
        kept: Kept | None = None,
    ) -> None:
        super().__init__(ansi_color=True)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (64, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]
        self.theme = f"ansi-{look.options.theme}"
        self.title, self._feed = title, feed
        self._frame, self._has_grown = 0, False
        self.failed: CatagentError | None = None
        self.looking, self._paint = Looking(Index(), is_live=is_live), Paint(look)
        self._runs = Outline(self.looking, self._paint, look.line(title))
        self._reading = Reading(self.looking, self._paint, kept)
        self._timeline = Timeline(self.looking, self._paint)
        self._status = Status(self.looking, self._paint)

    def compose(self) -> ComposeResult:
        """The panes, and one row."""
        yield Horizontal(self._runs, self._reading)
        yield self._timeline
        yield self._status
        yield Input(placeholder="search")

    def on_mount(self) -> None:
        """Begin to read, and to draw."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, partial(self.exit, number))
        self._runs.focus()
        self.run_worker(self._read())
        self.set_interval(1 / FRAMES_PER_SECOND, self._tick)

    async def _read(self) -> None:
        """Read to the end; an error there is said, and what came before stays."""
        try:
            async for events in self._feed:
                for event in events:
                    self.looking.index.take(event)
                self._has_grown = True
        except CatagentError as error:
            self.failed = error
        self._status.state = self._paint.look.line(self.failed.message) if self.failed else "ended"
        self.looking.is_live, self._has_grown = False, True

    def _tick(self) -> None:
        """Draw what has come, at most so often; and the time of what runs."""
        self._frame += 1
        if not (self.is_headless or sys.stdin.isatty()):  # SIGHUP may be ignored
            self.exit(signal.SIGHUP)
        if self._has_grown:
            self._has_grown = False
            self.looking.grow()
            self.redraw()
        elif self.looking.is_live and self._frame % _IDLE == 0:
            self.redraw()

    def redraw(self) -> None:
        """Draw anew what has changed on the screen."""
        lanes = len(self._timeline.lanes.lanes)
        self._timeline.styles.height = 1 + max(1, min(lanes, self.size.height * 3 // 10))
        for rows in (self._runs, self._reading, self._timeline, self._status):
            rows.redraw()

    on_descendant_focus = redraw

    def _acted(self, note: str = "") -> None:
        self._status.note = note
        self.redraw()

    def action_go(self, way: Way) -> None:
        """Go where a key points, in the pane that has the focus."""
        (self.focused if isinstance(self.focused, Pane) else self._runs).go(way)
        self._acted()

    def action_enter(self) -> None:
        """Open or fold what has something inside, read what has not; and back."""
        span, is_tree = self.looking.selected, self.focused is self._runs
        if is_tree and span and span.shown(self.looking.at):
            self.looking.toggle(span)
        else:
            (self._runs if self.focused is self._reading else self._reading).focus()
        self._acted()

    def action_turn(self, by: int) -> None:
        """Show another section."""
        self._reading.turn(by)
        self._acted()

    def action_step(self, by: int) -> None:
        """Go so many events back or forward."""
        self.looking.step(by)
        self._acted()

    def action_follow(self) -> None:
        """Go to the newest event, and stay there."""
        self.looking.follow()
        self._acted()

    def action_error(self, backwards: bool) -> None:
        """Go to the next error, or the one before."""
        found = self.looking.find(partial(next_error, self.looking.index, backwards=backwards))
        if found:
            self.looking.section = "error"
        self._acted("" if found else "no errors")

    def action_search(self) -> None:
        """Take words to search for."""
        self.screen.add_class("-searches")
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search for the words; without any, nothing is set apart any more."""
        self.looking.words = event.value
        self._paint.found = None
        if event.value:
            self._paint.found = re.compile(f"({re.escape(event.value)})", re.IGNORECASE)
        self.action_escape()
        self.action_find(backwards=False)

    def action_find(self, backwards: bool) -> None:
        """Go to the next event in which the words are, or the one before."""
        looking, words = self.looking, self.looking.words
        if words:
            found = looking.find(partial(search, looking.index, words, backwards=backwards))
            self.redraw()
            if found and self._paint.found:
                self._reading.reveal(self._paint.found)
            said = f"not found: {self._paint.look.line(words)}"
            self._acted("" if found else said)

    def action_copy(self) -> None:
        """Copy the section that is shown, as it is shown: clean."""
        text = self._reading.text()
        self.copy_to_clipboard(text)
        self._acted(f"copied {count(len(text), 'character')}")

    def action_help(self) -> None:
        """Show the keys, or what was shown before."""
        self._reading.help = () if self._reading.help else [("plain", row) for row in HELP]
        self._reading.focus()
        self._acted()

    def action_escape(self) -> None:
        """Leave the search and the help, and go back to the tree."""
        self._reading.help = ()
        self.screen.remove_class("-searches")
        self._runs.focus()
        self._acted()

    async def action_quit(self) -> None:
        """Leave."""
        self.exit(0)


def inspect_runs(
    feed: Feed, *, look: Look, title: str = "", is_live: bool = False, kept: Kept | None = None
) -> int:
    """Show the runs of a feed on the terminal until a person leaves, who may stay after its end.

    Blocks, on an event loop of its own. Returns 0, or the signal that ended it; raises what the
    feed raised, once the person has seen all that came before.
    """
    app = Inspector(feed, look=look, title=title, is_live=is_live, kept=kept)
    raised = caught(app)
    left_by = app.run(mouse=False) or 0  # a terminal's own selection works
    for error in (*raised, app.failed):
        if error is not None:
            raise error
    return left_by
