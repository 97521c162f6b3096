"""One run among those that are in flight: its name, its calls, and the column they are shown in."""

from __future__ import annotations

from msgspec import UNSET

from catagent.events import types as ev
from catagent.views.calls import Calls
from catagent.views.format import fields
from catagent.views.parts import Column, Preview, Rows, newest
from catagent.views.style import Look
from catagent.views.text import facts

# Of a question, so many characters are in a title.
LONGEST_TITLE = 200


class Run(Column):
    """What is shown of a run, and of what belongs to none while it is `started` by no event."""

    def __init__(self, look: Look) -> None:
        super().__init__(spaced=not look.words)
        self.look = look
        self.calls = Calls(look, self)
        self.started: ev.RunStarted | None = None
        self.finished: ev.RunFinishedData | None = None
        self.closed = False
        # Events that came since it was last its turn to be shown.
        self.held = 0
        self._process = ""
        self._again = False

    @property
    def settled(self) -> bool:
        """Whether every row was taken and none will follow."""
        return self.closed and not self.parts

    @property
    def run_id(self) -> str:
        """The run's id, empty where none has started."""
        return "" if self.started is None else self.started.run_id

    @property
    def name(self) -> str:
        """The agent, and the process where there are several, on one line."""
        agent = "" if self.started is None else self.started.data.agent
        return " ".join(filter(None, [agent, self._process]))

    @property
    def question(self) -> str:
        """The beginning of what was asked, in one line."""
        asked = None if self.started is None else self.started.data.input
        return " ".join(" ".join(fields(asked)).split())[:LONGEST_TITLE] if asked else ""

    @property
    def failed(self) -> bool:
        """Whether it ended in an error or at a limit."""
        return self.finished is not None and self.finished.status in ("error", "limit")

    def begin(self, event: ev.RunStarted, process: str) -> None:
        """Take the name of the run, `process` being empty where there is but one."""
        self.started, self._process = event, process
        self.calls.names_models = event.data.model is not None

    def lead(self) -> None:
        """Be shown from here on: under a heading, if others are shown in between."""
        self.held, self._again = 0, self._last is not None and self.started is not None

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final."""
        rows = super().take(width)
        if rows and self._again:
            self._again = False
            rows = facts(self.look, [f"{self.name} goes on", self.question]).take(width) + rows
        return rows

    def preview(self, width: int, limit: int) -> Preview:
        """Return the last rows of text that waits to be shown."""
        return newest(self.parts, width, limit)


def process(event: ev.RunStarted) -> str:
    """The process that a watched run is in: `pid 4711`; empty for a run of our own."""
    pid = getattr(event.data, "pid", UNSET)
    return "" if pid is UNSET else f"pid {pid}"
