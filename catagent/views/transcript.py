"""Turns the events of a run, or of several, into rows: each run whole, its parts in order.

Of the runs in flight one leads: its rows are shown as they come. The others wait, and are shown
when it has ended, those first that have ended by then. They hold no more than so much: a run that
leads for long is interrupted for them, and goes on under a heading.

What comes out is a function of the events and the width alone: however the events are spread
over frames, the same rows come, each once. Text leaves the transcript with its rows, so a long
run takes no more memory than what is still to be shown.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from catagent.events import types as ev
from catagent.views import graph, notes
from catagent.views.parts import Part, Rows, Stack
from catagent.views.runs import Run
from catagent.views.sanitize import Colors
from catagent.views.style import Look
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
        self.root = Stack(spaced=not look.words)
        self.running: OrderedDict[str, Run] = OrderedDict()
        self.ended: Counter[ev.RunStatus] = Counter()
        self._done: list[Run] = []
        self._process, self._several = "", False
        self._rows: Rows = []
        # Whether the last of the rows was the program's own.
        self._program: bool | None = None
        self._colors = Colors()
        self._leaves_questions = False
        self._question, self._answered = Stack(), set[str]()
        # The run that waits, if one does: how it ended is shown unless another goes on with it.
        self._paused: Run | None = None
        self._lead(Run(look))
        # What takes the events that belong to none of the runs: the one that began last.
        self.newest = self.lead

    @property
    def waiting(self) -> list[Run]:
        """The runs that wait for their turn, in the order in which they are to be noticed."""
        others = [run for run in self.running.values() if run is not self.lead]
        return sorted([*self._done, *others], key=lambda run: (not run.failed, run.closed))

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final."""
        self.ripen(width)
        rows, self._rows = self._rows, []
        return rows

    def ripen(self, width: int | None) -> None:
        """Keep the rows that have become final until they are taken."""
        self.width = width
        self._put(self.root.take(width), program=False)

    def add(self, *parts: Part) -> None:
        """Show something below what there is."""
        self.lead.parts.extend(parts)

    def leave_questions(self) -> None:
        """Leave it to `ask` to show what a person is asked, when they are asked."""
        self._leaves_questions = True

    def ask(self, data: ev.InterruptData, run: Run | None = None) -> None:
        """Show what a person is asked, who sees below what they may answer.

        At once: where the run goes on meanwhile, before what is still being written.
        """
        self._question.closed = True
        self._question = Stack(*graph.asked(self.look, data))
        self._question.closed = False
        self.ripen(self.width)
        _open(run or self.lead).parts.appendleft(self._question)

    def answer(self, data: ev.InterruptData, answer: Any) -> None:
        """Show below what was asked how the answer was taken."""
        self._answered.add(data.id)
        self._question.parts.extend(notes.answered(self.look, {data.id: answer}))
        self._question.closed = True

    def outside(self, lines: Iterable[str]) -> None:
        """Show lines of others, inside the first tool call that is open; no recording has them."""
        place, sign = _open(self.lead), self.look.glyphs.outside
        place.parts.extend(notes.note(self.look, sign, line, "warn", "dim") for line in lines)

    def printed(self, lines: Iterable[str]) -> None:
        """Show lines of the program that is watched as they are, after the rows final by now."""
        try:
            self.ripen(self.width)
        finally:  # whatever fails in a view, nobody gives us these lines again
            self._put([self._colors.line(line) for line in lines], program=True)

    def update(self, event: ev.Event) -> Run:
        """Take one event; return the run that it belongs to."""
        if isinstance(event, ev.RunStarted):
            event = self._without_answered(event)
            run = self._begin(event)
        else:
            stray = self.lead if self.newest.closed else self.newest
            run = self.running.get(ev.run_of(event), stray)
        if self._leaves_questions and isinstance(event, ev.Interrupt):
            run.asked.append(event.data)
        elif self.look.options.status_only or self.look.options.quiet:
            self.add(*self._little(event))
        elif isinstance(event, ev.Interrupt) and event.data.in_place is True:
            self.ask(event.data, run)
            self._question.closed = True
        else:
            run.update(event)
            run.held += 1
        if isinstance(event, ev.RunFinished):
            self._end(event.data, run)
        elif run.held > MOST_EVENTS and run is not self.lead and not self.look.options.errors:
            self._turn(run)
        return run

    def settle(self) -> None:
        """Close whatever is open: no more events will come."""
        self._pass()
        others = [run for run in self.running.values() if run is not self.lead]
        for run in (self.lead, *others):
            run.calls.settle()
            run.closed = True
        self._done += [] if self.look.options.errors else others
        self.running.clear()
        self._turn(Run(self.look))

    def _put(self, rows: Rows, *, program: bool) -> None:
        """Add rows, apart from those before where only one of the two is the program's."""
        if rows:
            apart = self._program not in (None, program) and self.root.spaced and rows[0]
            self._rows += ["", *rows] if apart else rows
            self._program = program

    def _little(self, event: ev.Event) -> list[Part]:
        """What is shown where little is: warnings beside an answer, or the answer alone."""
        options, look = self.look.options, self.look
        match event:
            case ev.Warned(data=data) if options.status_only and not options.quiet:
                return notes.warning(look, data)
            case ev.RunFinished(data=data) if not options.status_only:
                return notes.failure(look, data)
            case ev.Answer(data=data) if not (options.status_only or options.errors):
                return notes.answer(look, data)
            case ev.Interrupt(data=data) if not (options.status_only or options.errors):
                return graph.interrupt(look, data)
            case _:
                return []

    def _without_answered(self, event: ev.RunStarted) -> ev.RunStarted:
        """The beginning of a run without what was answered here, and is shown already."""
        if not (self._answered and event.data.answers):
            return event
        left = {k: v for k, v in event.data.answers.items() if k not in self._answered}
        return replace(event, data=replace(event.data, answers=left))

    def _pass(self) -> None:
        """Show how the run ended that waits, and is not gone on with here."""
        self._question.closed = True
        if self._paused is not None and self._paused.verdict is not None:
            self.add(self._paused.verdict)
        self._paused = None

    # Which run is shown when

    def _begin(self, event: ev.RunStarted) -> Run:
        before = self._resumed(event.data)
        where = notes.process(event)
        self._several = self._several or self._process not in ("", where)
        self._process = where
        run = self.running.get(event.run_id)
        if run is None:
            waits = self.lead.started or self.look.options.errors
            run = Run(self.look) if waits else self.lead
            # Only of the first run of our own does the caller know what it waits for.
            run.tally.acted = bool(self.ended or self.running or where)
            self.newest = self.running[event.run_id] = run
        run.begin(event, where if self._several else "", before)
        return run

    def _resumed(self, data: ev.RunStartedData) -> Run | None:
        """The run that goes on with this one, if it was the last to be shown."""
        paused = self._paused
        if paused is None or paused.run_id != data.resumes:
            paused = None
        else:
            paused.verdict = None
        self._pass()
        return paused

    def _end(self, data: ev.RunFinishedData, run: Run) -> None:
        self.running.pop(run.run_id, None)
        self.ended[data.status] += 1
        if data.status == "interrupted" and run is self.lead and not self._process:
            self._paused = run
        elif run.verdict is not None:
            run.parts.append(run.verdict)
        run.finished, run.closed = run.finished or data, True
        if self.look.options.errors and not run.failed:
            run.parts.clear()
        if run is self.lead:
            first = None if self.look.options.errors else next(iter(self.running.values()), None)
            self._turn(first or Run(self.look))
        elif run.parts:
            self._done.append(run)
            held = sum(run.held for run in self._done)
            if len(self._done) > MOST_RUNS or held > MOST_EVENTS or self.look.options.errors:
                self._turn(self.lead)

    def _turn(self, to: Run) -> None:
        """Show what is final of the run that leads, then those that are done, then another."""
        if not self.lead.closed:
            self.ripen(self.width)
            self.root.parts.clear()
        self.root.parts.extend(self._done)
        self._done = []
        self._lead(to)

    def _lead(self, run: Run) -> None:
        self.lead = run
        run.lead()
        self.root.parts.append(run)


def _open(place: Stack) -> Stack:
    """The first tool call that is open in there, or inside of one; else the place itself."""
    while inner := [each for each in place.parts if isinstance(each, Tool) and not each.closed]:
        place = inner[0]
    return place
