"""Turns the events of a run, or of several, into rows, in the order in which their parts began.

What comes out is a function of the events and the width alone: however the events are spread
over frames, the same rows come, each once. Text leaves the transcript with its rows, so a long
run takes no more memory than what is still to be shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from catagent.events import types as ev
from catagent.events.said import repeats
from catagent.views import graph, notes
from catagent.views.calls import Calls, Home
from catagent.views.model_call import Model
from catagent.views.parts import Column, Hanging, Panel, Part, Ready, Rows, together
from catagent.views.style import Look
from catagent.views.text import Feed, written
from catagent.views.tool_panel import Tool


class Transcript:
    """Runs as they are shown. `update` takes an event, `take` gives rows that became final."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.root = Column(spaced=not look.words)
        self._runs: dict[str, Calls] = {}
        # What takes the events that belong to none of the runs: the one that began last.
        self._last, self._newest = Calls(look, self.root), ""

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final; `None` is a width without bounds."""
        return self.root.take(width)

    def add(self, *parts: Part) -> None:
        """Show something below what there is."""
        self.root.parts.extend(parts)

    def outside(self, lines: Iterable[str]) -> None:
        """Show lines of another program, inside the tool call that is being shown."""
        place: Home = self.root
        while place.parts and isinstance(place.parts[0], Tool) and not place.parts[0].closed:
            place = place.parts[0]
        place.parts.extend(notes.outside(self.look, line) for line in lines)

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
        for calls in (self._last, *self._runs.values()):
            calls.look = look
        parts = list(_untaken(self.root.parts, look))
        self.root.parts, self.root.spaced = deque(parts), not look.words

    def settle(self) -> None:
        """Close whatever is open: no more events will come."""
        for calls in (self._last, *self._runs.values()):
            calls.settle()

    def _talk(self, event: ev.Event) -> None:
        if isinstance(event, ev.Warned) and not self.look.options.quiet:
            self.add(*notes.warning(self.look, event.data))

    def _answer_alone(self, event: ev.Event) -> None:
        match event:
            case ev.Answer(data=data):
                self.add(*notes.answer(self.look, data))
            case ev.Interrupt(data=data):
                self.add(*graph.interrupt(self.look, data))
            case ev.RunFinished(data=data):
                self.add(*notes.failure(self.look, data))
            case _:
                pass

    def _everything(self, event: ev.Event) -> None:
        calls = self._runs.get(ev.run_of(event)) or self._last
        match event:
            case ev.LlmToken() | ev.LlmStarted() | ev.LlmFinished():
                calls.model(event)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                calls.tool(event)
            case ev.RunStarted():
                self._begin(event)
            case ev.RunFinished():
                self._end(event, calls)
            case ev.Retry():
                calls.retry(event)
            case ev.Unknown():
                self.add(*notes.other(self.look, event))
            case _:
                calls.home(event).parts.extend(self._note(event, calls))

    def _note(self, event: ev.KnownEvent, calls: Calls) -> list[Part]:
        match event:
            case ev.Answer(data=data):
                again = repeats(data.output, calls.said, calls.named)
                return notes.answer(self.look, data, said=again, owner=calls.owner)
            case ev.Interrupt(data=data):
                return graph.interrupt(self.look, data)
            case ev.Update(data=data):
                return graph.update(self.look, data)
            case _:
                return notes.other(self.look, event)

    def _begin(self, event: ev.RunStarted) -> None:
        if event.run_id not in self._runs:
            if self._runs.get(self._newest) is not self._last:
                self._last.settle()
            self._newest = event.run_id
            self._last = self._runs[event.run_id] = Calls(self.look, self.root)
            self._last.names_models = event.data.model is not None
            self._last.agent = event.data.agent
        beginning = notes.beginning(self.look, event)
        if len(self._runs) > 1:
            beginning = [together(beginning)]
            self._last.alone = False
            if len(self._runs) == 2:
                next(iter(self._runs.values())).alone = False
        self.add(*beginning)

    def _end(self, event: ev.RunFinished, calls: Calls) -> None:
        """Close what is open of this run alone."""
        self._runs.pop(ev.run_of(event), None)
        calls.settle(paused=event.data.status == "interrupted")
        names = [calls.owner] if calls.owner else []
        names += [] if calls.names_models else [used.model for used in event.data.models]
        self.add(*notes.failure(self.look, event.data))
        self.add(notes.verdict(self.look, event.data, calls.tokens, names))


def _untaken(parts: Iterable[Part], look: Look) -> Iterator[Part]:
    """Yield what has not been taken out of `parts`: calls as they are, of the rest the text."""
    for part in parts:
        match part:
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
