"""The runs in one stream: several may be under way at once, each from its start to its end."""

from __future__ import annotations

from collections.abc import Iterable

from catagent.errors import RecordingError
from catagent.events.types import Event, RunFinished, RunStarted, run_of


class Runs:
    """Which run each event of a stream belongs to. Ask for every event, in order.

    An event that names no run of the stream's belongs to the one that the stream is in. `open` are
    the runs that have not finished, in order of their starts.
    """

    def __init__(self) -> None:
        self.open: dict[str, None] = {}
        self.finished: set[str] = set()
        self._current = ""

    def of(self, event: Event) -> str:
        """Return the id of the event's run. Raises RecordingError where that is over already."""
        run = run_of(event)
        if run not in self.open:
            run = self._enter(run, isinstance(event, RunStarted))
        self._current = run
        if isinstance(event, RunFinished):
            del self.open[run]
            self.finished.add(run)
        return run

    def _enter(self, run: str, starts: bool) -> str:
        if run in self.finished or not (starts or run or self.open or not self.finished):
            raise RecordingError(f"run {run or self._current} goes on after run.finished")
        if self.open and not starts:
            return self._current if self._current in self.open else next(reversed(self.open))
        self.open.pop("", None)  # what came before the start is of this run too
        self.open[run] = None
        return run


def by_run(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Return the events of each run by its id, in order of their starts."""
    runs, found = Runs(), dict[str, list[Event]]()
    for event in events:
        found.setdefault(runs.of(event), []).append(event)
    return found
