"""What the models of the last turn were sent, whole: what `/prompts` shows."""

from collections.abc import Iterator
from dataclasses import replace

from msgspec import structs

from catagent.events import types as ev
from catagent.events.prompts import Prompts
from catagent.sinks.base import RecorderSink
from catagent.views.model_call import label
from catagent.views.parts import Stack
from catagent.views.prompt import prompt
from catagent.views.style import Look


class Sent(RecorderSink):
    """Keeps the `calls` of models in a turn, and lets go of them where the next one begins."""

    required = False

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Let go of what was kept."""
        self.calls: list[ev.LlmStartedData] = []
        self._known = Prompts()

    def write(self, event: ev.Event) -> None:
        """Take one event."""
        if isinstance(event, ev.RunStarted):
            self.forget()
        self._known.take(event)
        if isinstance(event, ev.LlmStarted):
            data, known = event.data, self._known
            whole = structs.replace(data, messages=known.messages(data), tools=known.tools(data))
            self.calls.append(whole)

    def rows(self, look: Look, width: int | None) -> Iterator[str]:
        """Yield the rows of each, below the name of its model."""
        look = replace(look, options=replace(look.options, prompts=True))
        for data in self.calls:
            yield from Stack(label(look, data.model), *prompt(look, data)).take(width)
