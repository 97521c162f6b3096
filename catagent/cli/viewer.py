"""Shows and keeps runs that others have started, and says what they came to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catagent.cli.asked import Asked
from catagent.cli.outputs import Outputs
from catagent.cli.recordings import history
from catagent.cli.stderr import say, write
from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.recordings.history import FAILED
from catagent.run.recorders import recorders
from catagent.run.session import Session
from catagent.run.watched import Watched
from catagent.sinks.base import RecorderSink, Sink
from catagent.stop import Stop
from catagent.views.notes import report
from catagent.views.stats import Totals
from catagent.views.style import live_look
from catagent.watch import folders

if TYPE_CHECKING:
    from catagent.remote.address import Address
    from catagent.run.joined import JoinedRuns


class Viewer:
    """Shows the runs of programs, or on a server, in `outputs`, and keeps them, as was `asked`.

    Where there is no output, a line on stderr says what became of each. With `joined`, the keys of
    processes that somebody else has started, it shows theirs alone. No run ends for an output that
    fails; watching what was joined does.
    """

    def __init__(
        self, asked: Asked, outputs: Outputs, stop: Stop, joined: Container[str] | None = None
    ) -> None:
        self._asked, self._stop, self._joined = asked, stop, joined
        self._status = outputs.status
        # A live view sees itself to what is to be shown of errors.
        late = [asked.errors and sink is not outputs.live for sink in outputs.sinks]
        pairs = zip(outputs.sinks, late, strict=True)
        self._sinks = [_Lenient(*each, self._lose) for each in pairs]
        self._reports = not (outputs.sinks or asked.quiet)
        self._look = live_look(asked.view(sys.stderr))
        self._totals, self._failed = Totals(), 0

    def watch(self, folder: Path, recording: Sequence[RecorderSink]) -> Watched:
        """Return what follows the runs of the programs whose records are in this folder."""
        # Each run is kept once: the viewer that has started its program comes first.
        is_kept = self._joined is not None and folders.has_launcher(folder)
        shared = self._shared(recording, is_kept=is_kept)
        return Watched(folder=folder, only=self._joined, **shared)

    def join(self, address: Address, recording: Sequence[RecorderSink]) -> JoinedRuns:
        """Return what follows the runs on this server, or the one that was asked for."""
        from catagent.run.joined import JoinedRuns  # imports LangGraph's SDK

        return JoinedRuns(
            address=address,
            loaded=self._asked.loaded,
            thread_id=self._asked.thread,
            run_id=self._asked.run,
            on_status=self._status,
            **self._shared(recording),
        )

    def _shared(
        self, recording: Sequence[RecorderSink], *, is_kept: bool = False
    ) -> dict[str, Any]:
        """How runs are followed, whoever runs them; the history has them if no other keeps them."""
        loaded, stop = self._asked.loaded, self._stop
        kept = history(loaded) if loaded.settings.history and not is_kept else None
        return {
            "sinks": self._sinks,
            "keep": lambda run_id: recorders(
                run_id, stop, history=kept if kept and kept.claim(run_id) else None
            ),
            "recorders": recording,
            "filters": self._asked.filters,
            "secrets": loaded.secrets,
            "stop": stop,
            "choose": self._wants,
            "on_end": self._end,
        }

    def close(self, code: int) -> int:
        """Say what all of them came to, and return the exit code; `code` is the program's own."""
        self._asked.say_unmatched()
        if self._asked.stats:
            write(self._totals.table())
        fails = self._asked.fail_on_error and not code and self._failed
        return int(ExitCode.FAILED) if fails else code

    def _wants(self, started: ev.RunStarted) -> bool:
        """Whether the run is one to follow."""
        names, wanted = (started.name, started.data.agent), self._asked.focus
        return not wanted or wanted in names or started.run_id.startswith(wanted)

    def _end(self, session: Session) -> None:
        """Count a run, and say what became of it."""
        started, finished = session.state.started, session.state.finished
        if started is None or finished is None:
            return
        failed = finished.data.status in FAILED
        self._failed += failed
        if self._asked.stats:
            self._totals.add(session.state)
        if self._reports and (failed or not self._asked.errors):
            say(report(self._look, started, finished.data))
        for loss in session.unreported:
            say(f"catagent: error: {loss.message}")

    def _lose(self, error: OSError) -> None:
        left = isinstance(error, BrokenPipeError)
        if not left:
            say(f"catagent: error: cannot write the output: {error.strerror or error}")
        if self._joined is not None:
            self._stop.request(ExitCode.BROKEN_PIPE if left else ExitCode.FAILED)


class _Lenient(Sink):
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
            self._write(held if event.data.status in FAILED else [])

    def _write(self, events: Sequence[ev.Event]) -> None:
        try:
            for event in events if self._open else ():
                self._sink.write(event)
        except OSError as error:
            self._open = False
            self._lose(error)
