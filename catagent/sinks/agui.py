"""Runs as AG-UI events, one JSON object a line."""

from collections import defaultdict
from typing import BinaryIO

from catagent.events.codec import encode_plain
from catagent.events.types import Event, RunFinished, RunStarted, run_of
from catagent.sinks.agui_events import Translator
from catagent.sinks.jsonl import JsonlSink
from catagent.stop import Stop


class AguiSink(JsonlSink):
    """Writes what the protocol makes of each event; a run waits for the end of those before it."""

    def __init__(self, stream: BinaryIO, stop: Stop | None = None) -> None:
        super().__init__(stream, stop)
        self._translators: defaultdict[str, Translator] = defaultdict(Translator)
        self._run = ""
        # The lines of each run that are not written yet, in the order in which the runs began.
        self._waiting: defaultdict[str, list[bytes]] = defaultdict(list)
        self._over: set[str] = set()

    def write(self, event: Event) -> None:
        """Write as many lines as the event comes to, at once where it is the turn of its run."""
        run = self._run = run_of(event) or self._run
        self._waiting[run] += map(encode_plain, self._translators[run].translate(event))
        if isinstance(event, RunStarted):
            self._over.discard(run)
        elif isinstance(event, RunFinished):
            self._over.add(run)
        if run in self._over:
            del self._translators[run]
        self._take_turns()

    def close(self) -> None:
        """Write what waits for a run that did not end."""
        self._over.update(self._waiting)
        self._take_turns()

    def _take_turns(self) -> None:
        """Write what there is of the first run, and of the next once that one is over."""
        while self._waiting:
            run, lines = next(iter(self._waiting.items()))
            self.put(b"".join(lines))
            lines.clear()
            if run not in self._over:
                return
            del self._waiting[run]
