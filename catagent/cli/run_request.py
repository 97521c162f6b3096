"""Runs a request and shows it: what `ask` and `tool` have in common."""

from __future__ import annotations

import contextlib
import uuid
from functools import partial
from typing import TYPE_CHECKING

from catagent.cli.asked import Asked
from catagent.cli.outputs import Outputs, opened
from catagent.cli.recordings import history
from catagent.cli.stderr import is_stalled, say, say_error, say_questions, say_traceback, write
from catagent.errors import ExitCode
from catagent.run.recorders import recorders
from catagent.run.request import Request
from catagent.sinks.base import RecorderSink
from catagent.stop import Interrupts, Stop

if TYPE_CHECKING:
    from catagent.run.runner import Run
    from catagent.run.session import Session


def show(request: Request, asked: Asked) -> int:
    """Run it, show it, keep it, and return the exit code.

    Raises UsageError where --max-cost is to count what has no price.
    """
    loaded = asked.loaded
    if asked.settings.max_cost:
        request.require_prices()
    _notice(request, asked)
    run_id, stop = uuid.uuid4(), Stop()
    kept = history(loaded) if asked.settings.history else None
    with (
        recorders(
            str(run_id), stop, record=asked.record, force=asked.force, history=kept
        ) as recording,
        Interrupts(stop) as signals,
        opened(asked, stop) as outputs,
    ):
        signals.rescue = outputs.rescue
        # The first frame is there by now; asyncio and all that drives a run is 40 ms away.
        from catagent.cli.uncaught import Background

        Background(loaded.secrets, debug=asked.debug).install()
        run = kind_of_run(request)(
            request,
            loaded,
            sinks=outputs.sinks,
            recorders=recording,
            stop=stop,
            run_id=run_id,
            on_status=outputs.status,
        )
        epilogue = partial(_epilogue, run.session, outputs, asked)
        signals.cancel = run.session.cancel
        run.execute(partial(_leave, outputs, recording, epilogue))
    epilogue()
    return run.session.exit_code


def kind_of_run(request: Request) -> type[Run]:
    """Where it runs: in our process, or in its own interpreter."""
    if request.python is None:
        from catagent.run.runner import Run

        return Run
    from catagent.run.elsewhere import RunElsewhere

    return RunElsewhere


def _epilogue(session: Session, outputs: Outputs, asked: Asked) -> None:
    """What is said on stderr after the last event, unless that would keep a run from its end."""
    if session.stop.is_due and is_stalled():
        return
    if asked.debug and session.raised is not None:
        say_traceback(session.raised)
    if not outputs.shows_warnings:
        for warning in session.state.warnings:
            say(f"catagent: warning: {warning.message}", warning.hint)
    for loss in session.unreported:
        say(f"catagent: error: {loss.message}")
    if not outputs.shows_errors:
        _say_end(session)
    asked.say_unmatched()
    if asked.stats:
        from catagent.views.stats import table

        write(table(session.state))


def _say_end(session: Session) -> None:
    end = session.state.finished
    # To have interrupted a run is not an error.
    if end is not None and end.data.error is not None and end.data.status != "cancelled":
        say_error("catagent: error", end.data.error)
    elif session.exit_code is ExitCode.FAILED:
        lost = (warning for warning in session.state.warnings if warning.code == "recording_failed")
        for warning in lost:
            say(f"catagent: error: {warning.message}")
    say_questions("catagent: the run waits for an answer", session.state)


def _leave(outputs: Outputs, recording: list[RecorderSink], epilogue: partial[None]) -> None:
    """Close everything as well as can be done in the middle of something, and say the rest."""
    for sink in (*outputs.sinks, *recording):
        with contextlib.suppress(Exception):
            sink.close()
    outputs.rescue()
    epilogue()


def _notice(request: Request, asked: Asked) -> None:
    """Say which model was taken where nobody chose one, and where an agent runs elsewhere."""
    if request.python is not None and not asked.quiet:
        say(f"catagent: {request.agent} runs in {request.python}")
    if request.model.notice and request.uses_our_models and not asked.quiet:
        say(f"catagent: {request.model.notice}")
