"""Tool calls that a model has written and that have not been run."""

from __future__ import annotations

from catagent.events import types as ev
from catagent.views.model_call import Call
from catagent.views.parts import Column
from catagent.views.tool_panel import Tool

Home = Column | Tool
ToolEvent = ev.Action | ev.ToolStarted | ev.ToolFinished | ev.Observation


class Unclaimed:
    """Written calls, each with the place where its model runs."""

    def __init__(self) -> None:
        self._calls: list[tuple[Call, Home]] = []

    def add(self, call: Call, home: Home) -> None:
        """Keep a call until it is run."""
        self._calls.append((call, home))

    def claim(self, event: ToolEvent, home: Home) -> None:
        """Forget the call that the event is about, preferably one of its own place."""
        meant = [index for index, (call, _) in enumerate(self._calls) if _is_meant(call, event)]
        if meant:
            del self._calls[min(meant, key=lambda index: self._calls[index][1] is not home)]

    def take(self, home: Home | None) -> list[Call]:
        """Return and forget the calls of this place, or all of them."""
        taken = [call for call, place in self._calls if home in (None, place)]
        self._calls = [entry for entry in self._calls if home not in (None, entry[1])]
        return taken


def _is_meant(call: Call, event: ToolEvent) -> bool:
    if call.call_id:
        return event.data.tool_call_id == call.call_id
    return event.data.tool == call.tool
