"""Turns events into the rows of a transcript, in the order in which their parts began.

What comes out is a function of the events and the width alone: however the events are spread
over frames, the same rows come, each once. Text leaves the transcript with its rows, so a long
run takes no more memory than what is still to be shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from catagent.events import types as ev
from catagent.views import notes
from catagent.views.calls import Calls
from catagent.views.model_call import Model
from catagent.views.parts import Column, Hanging, Panel, Part, Ready, Rows
from catagent.views.style import Look
from catagent.views.text import Feed, written
from catagent.views.tool_panel import Tool


class Transcript:
    """A whole run as it is shown. `update` takes an event, `take` gives rows that became final."""

    def __init__(self, look: Look, tokens: int = 0) -> None:
        self.look = look
        self.root = Column(spaced=not look.words)
        self._calls = Calls(look, self.root)
        self._tokens = tokens

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final; `None` is a width without bounds."""
        return self.root.take(width)

    def add(self, *parts: Part) -> None:
        """Show something below what there is."""
        self.root.parts.extend(parts)

    def outside(self, lines: Iterable[str]) -> None:
        """Show lines of another program, inside the tool call that is being shown."""
        place = self._calls.running().parts
        place.extend(notes.outside(self.look, line) for line in lines)

    def update(self, event: ev.Event) -> None:
        """Take one event."""
        self._tokens += isinstance(event, ev.LlmToken)
        if self.look.options.status_only:
            self._talk(event)
        elif self.look.options.quiet:
            self._answer_alone(event)
        else:
            self._everything(event)

    def restyle(self, look: Look) -> None:
        """Go on in another look, with what has not been taken."""
        self.look = self._calls.look = look
        parts = list(_untaken(self.root.parts, look))
        self.root.parts, self.root.spaced = deque(parts), not look.words

    def settle(self) -> None:
        """Close whatever is open: no more events will come."""
        self._calls.settle()

    def _talk(self, event: ev.Event) -> None:
        if isinstance(event, ev.Warned) and not self.look.options.quiet:
            self.add(*notes.warning(self.look, event.data))

    def _answer_alone(self, event: ev.Event) -> None:
        match event:
            case ev.Answer(data=data):
                self.add(*notes.answer(self.look, data))
            case ev.RunFinished(data=data):
                self.add(*notes.failure(self.look, data))
            case _:
                pass

    def _everything(self, event: ev.Event) -> None:
        match event:
            case ev.LlmStarted() | ev.LlmToken() | ev.LlmFinished():
                self._calls.model(event)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                self._calls.tool(event)
            case ev.Answer(data=data):
                said = data.output.strip() == self._calls.said.strip()
                self.add(*notes.answer(self.look, data, said=said))
            case ev.RunFinished(data=data):
                self._calls.settle()
                self.add(
                    *notes.failure(self.look, data), notes.verdict(self.look, data, self._tokens)
                )
            case ev.Retry():
                self._calls.retry(event)
            case ev.Unknown():
                self.add(*notes.other(self.look, event))
            case _:
                self._calls.home(event).parts.extend(notes.other(self.look, event))


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
