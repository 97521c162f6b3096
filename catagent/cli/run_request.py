"""Runs a request and shows it: what `ask` and `tool` have in common."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from catagent.cli.options import Shown
from catagent.cli.outputs import Outputs, opened
from catagent.cli.recordings import history
from catagent.cli.stderr import say, say_traceback, write
from catagent.config import Loaded
from catagent.errors import OutputError
from catagent.events import types as ev
from catagent.events.masking import EventMask
from catagent.run.request import Request
from catagent.sinks.recorder import Recorder
from catagent.stop import Stop, interrupts

if TYPE_CHECKING:
    from catagent.run.session import Session


def show(request: Request, loaded: Loaded, shown: Shown) -> int:
    """Run it, show it, keep it, and return the exit code."""
    _notice(request, shown)
    run_id, stop = uuid.uuid4(), Stop()
    with (
        _recorders(loaded, shown, str(run_id)) as recorders,
        opened(loaded, shown, stop) as outputs,
    ):
        # The first frame is there by now; asyncio and all that drives a run is 40 ms away.
        from catagent.cli.uncaught import Background
        from catagent.run.broadcast import Broadcast
        from catagent.run.runner import Run, limits
        from catagent.run.session import Session
        from catagent.run.watchdog import last_resort

        Background(loaded.secrets, debug=shown.debug).install()
        mask = EventMask(loaded.secrets)
        broadcast = Broadcast(outputs.sinks, recorders, request.filters, mask)
        session = Session(broadcast, limits=limits(loaded), stop=stop)
        epilogue = partial(_epilogue, session, outputs, shown)
        close = partial(_close, outputs, recorders)
        with interrupts(session.cancel, outputs.rescue), last_resort(session, close, epilogue):
            finished = Run(request, loaded, session, run_id).execute(outputs.status)
    epilogue(finished)
    return finished.exit_code


def _epilogue(session: Session, outputs: Outputs, shown: Shown, told: ev.RunFinishedData) -> None:
    """What is said on stderr after the last event."""
    if shown.debug and session.raised is not None:
        say_traceback(session.raised)
    if not outputs.shows_warnings:
        for warning in session.state.warnings:
            say(f"catagent: warning: {warning.message}", warning.hint)
    if told.error is not None and told.status != "cancelled" and not outputs.shows_errors:
        say(f"catagent: error: {told.error.message}", told.error.hint)
    if shown.stats:
        from catagent.views.stats import table

        write(table(session.state))


def _close(outputs: Outputs, recorders: list[Recorder]) -> None:
    """Let go of everything as well as can be done in the middle of something."""
    for sink in (*outputs.sinks, *recorders):
        with contextlib.suppress(Exception):
            sink.close()
    outputs.rescue()


def _notice(request: Request, shown: Shown) -> None:
    """Say which model was taken where nobody chose one; an agent of one's own brings its own."""
    if request.model.notice and request.uses_our_models and not shown.quiet:
        say(request.model.notice)


@contextlib.contextmanager
def _recorders(loaded: Loaded, shown: Shown, run_id: str) -> Iterator[list[Recorder]]:
    """The recording that was asked for, and the history; the latter never stops a run."""
    with contextlib.ExitStack() as stack:
        found: list[Recorder] = []
        if shown.record is not None:
            found.append(Recorder(shown.record, force=shown.force))
        if loaded.settings.history:
            with contextlib.suppress(OutputError):
                found.append(Recorder(history(loaded).place_for(run_id), required=False))
        for recorder in found:
            stack.callback(recorder.close)
        yield found
