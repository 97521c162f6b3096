"""Turns the events of a run, or of several, into rows: each run whole, their parts in order.

Of the runs in flight one leads: its rows are shown as they come. The others wait, and are shown
when it has ended, those first that have ended by then. So that they take no more than so much
memory, a run that leads for long is interrupted for them, and goes on under a heading.

What comes out is a function of the events and the width alone: however the events are spread
over frames, the same rows come, each once. Text leaves the transcript with its rows, so a long
run takes no more memory than what is still to be shown.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator

from catagent.events import types as ev
from catagent.events.said import repeats
from catagent.views import graph, notes
from catagent.views.calls import Home
from catagent.views.model_call import Model
from catagent.views.parts import Column, Hanging, Panel, Part, Ready, Rows
from catagent.views.runs import Run, process
from catagent.views.sanitize import Colors
from catagent.views.style import Look
from catagent.views.text import Feed, written
from catagent.views.tool_panel import Tool

# Of runs that have ended so many may wait to be shown, and so many events of theirs, or of one
# that goes on: some megabytes.
MOST_RUNS, MOST_EVENTS = 32, 20_000


class Transcript:
    """Runs as they are shown. `update` takes an event, `take` gives rows that became final.

    `width` is that of rows, in cells, until `take` gives another; None is one without bounds.
    """

    def __init__(self, look: Look, width: int | None = None) -> None:
        self.look, self.width = look, width
        self.root = Column(spaced=not look.words)
        # Final, and not handed out yet; and whether the last of what was is the program's own.
        self._rows: Rows = []
        self._program: bool | None = None
        self._colors = Colors()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._ended: list[Run] = []
        self._process: str | None = None
        self._several = False
        self._lead(Run(look))
        # What takes the events that belong to none of the runs: the one that began last.
        self._last = self.lead

    @property
    def waiting(self) -> list[Run]:
        """The runs that wait for their turn to be shown, those first that are to be noticed."""
        running = [run for run in self._runs.values() if run is not self.lead]
        return sorted([*self._ended, *running], key=lambda run: (not run.failed, run.closed))

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final."""
        self.ripen(width)
        return self.hand_out()

    def hand_out(self) -> Rows:
        """Return, once, the rows that are final."""
        rows, self._rows = self._rows, []
        return rows

    def ripen(self, width: int | None) -> None:
        """Keep the rows that have become final until they are handed out."""
        self.width = width
        self._put(self.root.take(width), program=False)

    def add(self, *parts: Part) -> None:
        """Show something below what there is."""
        self.lead.parts.extend(parts)

    def outside(self, lines: Iterable[str]) -> None:
        """Show lines of another program, inside the tool call that is being shown."""
        place: Home = self.lead
        while place.parts and isinstance(place.parts[0], Tool) and not place.parts[0].closed:
            place = place.parts[0]
        place.parts.extend(notes.outside(self.look, line) for line in lines)

    def printed(self, lines: Iterable[str]) -> None:
        """Show lines of the program that is watched as they are, apart from the rows around them.

        They stand below the rows that have become final by now, and are of any length.
        """
        self.ripen(self.width)
        self._put([self._colors.line(line) for line in lines], program=True)

    def update(self, event: ev.Event) -> None:
        """Take one event."""
        if self.look.options.status_only:
            self._talk(event)
        elif self.look.options.quiet:
            self._answer_alone(event)
        else:
            self._everything(event)

    def restyle(self, look: Look) -> None:
        """Go on in another look, with what has not been taken."""
        self.look = look
        self.root.parts = deque(_untaken(self.root.parts, look))
        self.root.spaced = not look.words
        for run in self.waiting:
            _restyle(run, look)

    def settle(self) -> None:
        """Close whatever is open: no more events will come."""
        runs = [self.lead, *(run for run in self._runs.values() if run is not self.lead)]
        for run in runs:
            run.calls.settle()
            run.closed = True
        self._ended += [] if self.look.options.errors else runs[1:]
        self._runs.clear()
        self._turn()

    def _put(self, rows: Rows, *, program: bool) -> None:
        """Add rows, apart from those before if only one of the two is the program's."""
        if rows:
            apart = self._program not in (None, program) and self.root.spaced and rows[0]
            self._rows += ["", *rows] if apart else rows
            self._program = program

    def _talk(self, event: ev.Event) -> None:
        if isinstance(event, ev.Warned) and not self.look.options.quiet:
            self.add(*notes.warning(self.look, event.data))

    def _answer_alone(self, event: ev.Event) -> None:
        match event:
            case ev.Answer(data=data) if not self.look.options.errors:
                self.add(*notes.answer(self.look, data))
            case ev.Interrupt(data=data) if not self.look.options.errors:
                self.add(*graph.interrupt(self.look, data))
            case ev.RunFinished(data=data):
                self.add(*notes.failure(self.look, data))
            case _:
                pass

    def _everything(self, event: ev.Event) -> None:
        run = self._runs.get(ev.run_of(event)) or (self.lead if self._last.closed else self._last)
        calls = run.calls
        match event:
            case ev.LlmToken() | ev.LlmStarted() | ev.LlmFinished():
                calls.model(event)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                calls.tool(event)
            case ev.RunStarted():
                self._begin(event)
            case ev.RunFinished():
                self._end(event, run)
            case ev.Retry():
                calls.retry(event)
            case ev.Unknown():
                run.parts.extend(notes.other(self.look, event))
            case _:
                calls.home(event).parts.extend(self._note(event, run))
        run.held += 1
        waits = run is not self.lead and not run.closed and not self.look.options.errors
        if run.held > MOST_EVENTS and waits:
            self._turn(run)

    def _note(self, event: ev.KnownEvent, run: Run) -> list[Part]:
        match event:
            case ev.Answer(data=data):
                again = repeats(data.output, run.calls.said, run.calls.named)
                return notes.answer(self.look, data, said=again)
            case ev.Interrupt(data=data):
                return graph.interrupt(self.look, data)
            case ev.Update(data=data):
                return graph.update(self.look, data)
            case _:
                return notes.other(self.look, event)

    def _begin(self, event: ev.RunStarted) -> None:
        where = process(event)
        self._several = self._several or self._process not in (None, where)
        self._process = where
        run = self._runs.get(event.run_id)
        if run is None:
            waits = self.lead.started is not None or self.look.options.errors
            run = Run(self.look) if waits else self.lead
            self._last = self._runs[event.run_id] = run
        run.begin(event, where if self._several else "")
        run.parts.extend(notes.beginning(self.look, event, where if self._several else ""))

    def _end(self, event: ev.RunFinished, run: Run) -> None:
        """Close what is open of this run alone."""
        self._runs.pop(ev.run_of(event), None)
        run.calls.settle(paused=event.data.status == "interrupted")
        run.finished, run.closed = event.data, True
        names = [] if run.calls.names_models else [used.model for used in event.data.models]
        run.parts.extend(notes.failure(self.look, event.data))
        run.parts.append(notes.verdict(self.look, event.data, run.calls.tokens, names))
        if run is self.lead:
            self._turn(None if self.look.options.errors else next(iter(self._runs.values()), None))
        elif run.failed or not self.look.options.errors:
            self._ended.append(run)
            held = sum(run.held for run in self._ended)
            if len(self._ended) > MOST_RUNS or held > MOST_EVENTS or self.look.options.errors:
                self._turn(self.lead)

    def _turn(self, to: Run | None = None) -> None:
        """Show what is final of the run that leads, then those that have ended, then another."""
        if not self.lead.closed:
            self.ripen(self.width)
            self.root.clear()
        self.root.parts.extend(self._ended)
        self._ended = []
        self._lead(to or Run(self.look))

    def _lead(self, run: Run) -> None:
        self.lead = run
        self.lead.lead()
        self.root.parts.append(run)


def _restyle(run: Run, look: Look) -> None:
    run.look = run.calls.look = look
    run.parts, run.spaced = deque(_untaken(run.parts, look)), not look.words


def _untaken(parts: Iterable[Part], look: Look) -> Iterator[Part]:
    """Yield what has not been taken out of `parts`: calls as they are, of the rest the text."""
    for part in parts:
        match part:
            case Run():
                _restyle(part, look)
                yield part
            case Tool() | Model():
                part.restyle(look, list(_untaken(part.parts, look)))
                yield part
            case Panel():
                yield from _untaken(part.parts, look)
            case Hanging():
                yield from _untaken([part.part], look)
            case Feed():
                yield written(look, part.unshown())
            case Ready():
                yield part
