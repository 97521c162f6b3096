"""The runs of watched programs: which are shown, what is said of each, and what they came to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from catagent.cli import options
from catagent.cli.outputs import Outputs
from catagent.cli.recordings import history
from catagent.cli.stderr import say, write
from catagent.cli.view_options import view_options
from catagent.config import Loaded
from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.run.recorders import Keep, recorders
from catagent.run.session import Session
from catagent.run.watched import Watched
from catagent.sinks.base import RecorderSink, Sink
from catagent.stop import Stop
from catagent.views.notes import report
from catagent.views.stats import Totals
from catagent.views.style import live_look

_FAILED = ("error", "limit")


class Asked(Struct, kw_only=True, frozen=True):
    """What a person asked to see of the runs of a program, and how."""

    loaded: Loaded
    shown: options.Shown
    filters: Filters
    tokens: bool
    focus: str | None
    fail_on_error: bool

    @classmethod
    def given(cls, shared: Mapping[str, Any], loaded: Loaded) -> Asked:
        """Take what was given on the command line."""
        own = {name: shared[name] for name in ("tokens", "focus", "fail_on_error")}
        shown, filters = options.Shown.given(shared), options.filters(shared)
        return cls(loaded=loaded, shown=shown, filters=filters, **own)

    def wants(self, started: ev.RunStarted) -> bool:
        """Whether the run is one to follow."""
        names, wanted = (started.name, started.data.agent), self.focus
        return not wanted or wanted in names or started.run_id.startswith(wanted)


class Ends:
    """Takes the session of each run that has ended; `failed` is the number of those that failed.

    Where `reports`, a line on stderr says what became of each.
    """

    def __init__(self, asked: Asked, *, reports: bool) -> None:
        self.failed = 0
        self._totals = Totals()
        self._asked = asked
        self._reports = reports and not asked.shown.quiet
        self._look = live_look(view_options(asked.loaded, asked.shown, sys.stderr))

    def take(self, session: Session) -> None:
        """Count the run, and say what became of it."""
        started, finished = session.state.started, session.state.finished
        if started is None or finished is None:
            return
        failed = finished.data.status in _FAILED
        self.failed += failed
        if self._asked.shown.stats:
            self._totals.add(session.state)
        if self._reports and (failed or not self._asked.shown.errors):
            say(report(self._look, started, finished.data))
        for loss in session.unreported:
            say(f"catagent: error: {loss.message}")

    def close(self, code: int) -> int:
        """Say what all of them came to, and return the exit code; `code` is the program's own."""
        if self._asked.shown.stats:
            write(self._totals.table())
        fails = self._asked.fail_on_error and not code and self.failed
        return int(ExitCode.FAILED) if fails else code


def watched(
    folder: Path,
    asked: Asked,
    ends: Ends,
    outputs: Outputs,
    recording: Sequence[RecorderSink],
    stop: Stop,
    failed: Callable[[OSError], object],
    only: Container[str] | None = None,
) -> Watched:
    """Return what follows the runs of a folder, and shows and keeps what was asked for.

    `failed` is called with what befell an output: no run ends for it.
    """
    kept = Keep(history=history(asked.loaded) if asked.loaded.settings.history else None)
    sinks: list[Sink] = [_Lenient(sink, failed) for sink in outputs.sinks]
    if asked.shown.errors and outputs.live is None:  # a live view sees to that itself
        sinks = [_FailedOnly(sinks)]
    return Watched(
        folder,
        sinks=sinks,
        keep=lambda run_id: recorders(kept, run_id, stop),
        recorders=recording,
        filters=asked.filters,
        secrets=asked.loaded.secrets,
        stop=stop,
        only=only,
        choose=asked.wants,
        on_end=ends.take,
    )


class _Lenient:
    """A sink whose failure ends no run: what can no longer be shown is still kept."""

    def __init__(self, sink: Sink, failed: Callable[[OSError], object]) -> None:
        self._sink = sink
        self._failed = failed
        self._open = True

    def write(self, event: ev.Event) -> None:
        try:
            if self._open:
                self._sink.write(event)
        except OSError as error:
            self._open = False
            self._failed(error)

    def close(self) -> None:
        """The sink is its owner's to close."""


class _FailedOnly:
    """Holds the events of a run until its end, and passes on those of a run that failed."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks
        self._held: dict[str, list[ev.Event]] = {}

    def write(self, event: ev.Event) -> None:
        run = ev.run_of(event)
        self._held.setdefault(run, []).append(event)
        if isinstance(event, ev.RunFinished):
            held = self._held.pop(run)
            if event.data.status in _FAILED:
                for each in held:
                    for sink in self._sinks:
                        sink.write(each)

    def close(self) -> None:
        """The sinks are their owner's to close."""
