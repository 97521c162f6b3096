"""Shows and keeps the runs of programs that are watched, and says what they came to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catagent.cli.outputs import Outputs
from catagent.cli.recordings import history
from catagent.cli.stderr import say, write
from catagent.cli.view_options import view_options
from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.recordings.history import History
from catagent.run.recorders import Keep, recorders
from catagent.run.session import Session
from catagent.run.watched import Watched
from catagent.sinks.base import RecorderSink, Sink
from catagent.stop import Stop
from catagent.views.notes import report
from catagent.views.stats import Totals
from catagent.views.style import live_look
from catagent.watch import folders

if TYPE_CHECKING:
    from catagent.cli.watching import Asked

_FAILED = ("error", "limit")


class Viewer:
    """Shows the runs of programs in `outputs`, and keeps them, as was `asked`.

    Where there is no output, a line on stderr says what became of each. No run ends for one that
    fails; watching a program that was joined does.
    """

    def __init__(self, asked: Asked, outputs: Outputs, stop: Stop) -> None:
        self._asked, self._stop, self._joins = asked, stop, False
        # A live view sees itself to what is to be shown of errors.
        self._sinks = [
            _Lenient(sink, asked.shown.errors and sink is not outputs.live, self._lose)
            for sink in outputs.sinks
        ]
        self._reports = not outputs.sinks and not asked.shown.quiet
        self._look = live_look(view_options(asked.loaded, asked.shown, sys.stderr))
        self._totals, self._failed = Totals(), 0

    def watch(
        self, folder: Path, recording: Sequence[RecorderSink], only: Container[str] | None = None
    ) -> Watched:
        """Return what follows the runs of a folder, or joins the processes of these keys alone."""
        loaded, stop, self._joins = self._asked.loaded, self._stop, only is not None
        # Each run is kept once: the viewer that has started its program comes first.
        keeps = loaded.settings.history and not (self._joins and folders.has_launcher(folder))
        kept = history(loaded) if keeps else None
        return Watched(
            folder=folder,
            sinks=self._sinks,
            keep=lambda run_id: recorders(_place(kept, run_id), run_id, stop),
            recorders=recording,
            filters=self._asked.filters,
            secrets=loaded.secrets,
            stop=stop,
            only=only,
            choose=self._asked.wants,
            on_end=self._end,
        )

    def close(self, code: int) -> int:
        """Say what all of them came to, and return the exit code; `code` is the program's own."""
        if self._asked.shown.stats:
            write(self._totals.table())
        fails = self._asked.fail_on_error and not code and self._failed
        return int(ExitCode.FAILED) if fails else code

    def _end(self, session: Session) -> None:
        """Count a run, and say what became of it."""
        started, finished = session.state.started, session.state.finished
        if started is None or finished is None:
            return
        failed = finished.data.status in _FAILED
        self._failed += failed
        if self._asked.shown.stats:
            self._totals.add(session.state)
        if self._reports and (failed or not self._asked.shown.errors):
            say(report(self._look, started, finished.data))
        for loss in session.unreported:
            say(f"catagent: error: {loss.message}")

    def _lose(self, error: OSError) -> None:
        left = isinstance(error, BrokenPipeError)
        if not left:
            say(f"catagent: error: cannot write the output: {error.strerror or error}")
        if self._joins:
            self._stop.request(ExitCode.BROKEN_PIPE if left else ExitCode.FAILED)


def _place(history: History | None, run_id: str) -> Keep:
    """Where to keep a run: nowhere, if somebody else has done so."""
    if history is None or history.holds(run_id):
        return Keep()
    history.forget(run_id)
    return Keep(history=history)


class _Lenient:
    """A sink whose failure ends no run. With `late` it gets the runs that failed, at their end."""

    def __init__(self, sink: Sink, late: bool, lose: Callable[[OSError], object]) -> None:
        self._sink, self._late, self._lose = sink, late, lose
        self._held: dict[str, list[ev.Event]] = {}
        self._open = True

    def write(self, event: ev.Event) -> None:
        if not self._late:
            self._write([event])
            return
        run = ev.run_of(event)
        self._held.setdefault(run, []).append(event)
        if isinstance(event, ev.RunFinished):
            held = self._held.pop(run)
            self._write(held if event.data.status in _FAILED else [])

    def _write(self, events: Sequence[ev.Event]) -> None:
        try:
            for event in events if self._open else ():
                self._sink.write(event)
        except OSError as error:
            self._open = False
            self._lose(error)

    def close(self) -> None:
        """The sink is its owner's to close."""
