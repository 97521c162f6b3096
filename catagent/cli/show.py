"""Runs a request and shows it: what `ask` and `tool` have in common."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from catagent import events as ev
from catagent.cli.options import Shown
from catagent.cli.outputs import opened
from catagent.cli.recordings import history
from catagent.cli.talk import say, say_traceback, write
from catagent.config import Loaded
from catagent.errors import OutputError
from catagent.interrupts import interrupts
from catagent.masking import EventMask
from catagent.request import Request
from catagent.sinks.recorder import Recorder
from catagent.stop import Stop

if TYPE_CHECKING:
    from catagent.session import Session


def show(request: Request, loaded: Loaded, shown: Shown) -> int:
    """Run it, show it, keep it, and return the exit code."""
    _notice(request, shown)
    run_id, stop = uuid.uuid4(), Stop()
    with (
        _recorders(loaded, shown, str(run_id)) as recorders,
        opened(loaded, shown, stop) as outputs,
    ):
        # The first frame is there by now; asyncio and all that drives a run is 40 ms away.
        from catagent.cli.background import Background
        from catagent.runner import Run, limits
        from catagent.session import Session

        Background(loaded.secrets, debug=shown.debug).install()
        session = Session(
            outputs.sinks,
            recorders=recorders,
            filters=request.filters,
            mask=EventMask(loaded.secrets),
            limits=limits(loaded),
            stop=stop,
        )
        with interrupts(session.cancel, outputs.rescue):
            finished = Run(request, loaded, session, run_id).execute(outputs.status)
    if shown.debug and session.raised is not None:
        say_traceback(session.raised)
    if finished.error is not None and not outputs.shows_errors:
        _report(finished.error)
    if shown.stats:
        _print_stats(session)
    return finished.exit_code


def _notice(request: Request, shown: Shown) -> None:
    """Say which model was taken where nobody chose one; an agent of one's own brings its own."""
    if request.model.notice and request.uses_our_models and not shown.quiet:
        say(request.model.notice)


def _report(error: ev.ErrorInfo) -> None:
    if error.type not in ("Interrupted", "BrokenPipeError"):
        say(f"catagent: error: {error.message}", error.hint)


def _print_stats(session: Session) -> None:
    from catagent.stats import table

    write(table(session.state))


@contextlib.contextmanager
def _recorders(loaded: Loaded, shown: Shown, run_id: str) -> Iterator[list[Recorder]]:
    """The recording that was asked for, and the history; the latter never stops a run."""
    with contextlib.ExitStack() as stack:
        found: list[Recorder] = []
        if shown.record is not None:
            found.append(Recorder(shown.record, force=shown.force))
        if loaded.settings.history:
            with contextlib.suppress(OutputError):
                found.append(history(loaded).record(run_id))
        for recorder in found:
            stack.callback(recorder.close)
        yield found
