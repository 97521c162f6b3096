"""Runs a request and shows it: what `ask` and `tool` have in common."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from catagent.cli.asked import Asked
from catagent.cli.outputs import Outputs, opened
from catagent.cli.recordings import history, threads
from catagent.cli.spans import spans
from catagent.cli.stderr import is_stalled, say, say_error, say_questions, say_traceback, write
from catagent.errors import ExitCode
from catagent.platforms import IS_UNIX
from catagent.run.recorders import recorders
from catagent.run.request import Request
from catagent.sinks.base import RecorderSink
from catagent.stop import Interrupts, Stop

if TYPE_CHECKING:
    from catagent.events.state import RunState
    from catagent.run.answers import Asker
    from catagent.run.session import Session
    from catagent.run.turns import Turn

_WAITS = "catagent: the run waits for an answer"


def show(
    request: Request,
    asked: Asked,
    waiting: RunState | None = None,
    answers: Mapping[str, Any] | None = None,
) -> int:
    """Run it, show it, keep it, and return the exit code.

    A run that is `waiting` goes on with `answers` by the ids of its interrupts, as far as they go.

    Raises UsageError where --max-cost is to count what has no price.
    """
    loaded = asked.loaded
    if asked.settings.max_cost:
        request.require_prices()
    notice(request, asked)
    stop = Stop()
    with (
        recorders("", stop, record=asked.record, force=asked.force) as recording,
        Interrupts(stop) as signals,
        spans(asked, stop) as sent,
        opened(asked, stop) as outputs,
    ):
        signals.rescue = outputs.rescue
        # The first frame is there by now; asyncio and all that drives a run is 40 ms away.
        from catagent.cli.uncaught import Background

        Background(loaded.secrets, debug=asked.debug).install()
        turn = turn_of(request, asked, outputs, stop, [*recording, *sent], answers)
        signals.cancel = turn.cancel
        turn.execute(partial(leave, turn, outputs, asked), waiting)
    epilogue(turn, outputs, asked)
    if waiting is not None and not turn.sessions:
        say_questions(_WAITS, waiting, asked.again)
    return turn.exit_code


def turn_of(
    request: Request,
    asked: Asked,
    outputs: Outputs,
    stop: Stop,
    recording: Sequence[RecorderSink] = (),
    answers: Mapping[str, Any] | None = None,
) -> Turn:
    """What a request comes to, with these outputs, kept in the history too.

    Runs that wait are answered as was said on the command line, else by the person who sees them.
    """
    from catagent.run.answers import answering
    from catagent.run.turns import Turn

    kept = history(asked.loaded) if asked.settings.history else None
    tools = [*filter(None, map(str.strip, (asked.auto_approve or "").split(",")))]
    return Turn(
        request,
        asked.loaded,
        sinks=outputs.sinks,
        recorders=recording,
        keep=partial(recorders, stop=stop, history=kept),
        threads=threads(asked.loaded) if kept and IS_UNIX else None,
        ask=answering(answers or {}, tools, _asker(outputs)),
        stop=stop,
        on_status=outputs.status,
    )


def _asker(outputs: Outputs) -> Asker | None:
    if outputs.live is None or not outputs.asks:
        return None
    from catagent.cli.asking import terminal_asker

    return terminal_asker(outputs.live)


def epilogue(turn: Turn, outputs: Outputs, asked: Asked) -> None:
    """What is said on stderr after the last event, unless that would keep a run from its end."""
    if turn.stop.is_due and is_stalled():
        return
    for session in turn.sessions:
        if asked.debug and session.raised is not None:
            say_traceback(session.raised)
        for warning in () if outputs.shows_warnings else session.state.warnings:
            say(f"catagent: warning: {warning.message}", warning.hint)
        for loss in session.unreported:
            say(f"catagent: error: {loss.message}")
    if turn.sessions and not outputs.shows_errors:
        _say_end(turn.sessions[-1], asked.again)
    _say_diff(turn, asked)
    waits = bool(turn.sessions) and turn.sessions[-1].outcome.interrupted
    asked.say_unmatched(waits=waits)
    if asked.stats:
        from catagent.views.stats import table

        write("\n".join(table(session.state) for session in turn.sessions))


def _say_end(session: Session, again: str) -> None:
    end = session.state.finished
    # To have interrupted a run is not an error.
    if end is not None and end.data.error is not None and end.data.status != "cancelled":
        say_error("catagent: error", end.data.error)
    elif session.exit_code is ExitCode.FAILED:
        lost = (warning for warning in session.state.warnings if warning.code == "recording_failed")
        for warning in lost:
            say(f"catagent: error: {warning.message}")
    say_questions(_WAITS, session.state, again)


def _say_diff(turn: Turn, asked: Asked) -> None:
    """Say to a person what compares the run with the one that was asked again."""
    from catagent.views.notes import short

    started = turn.sessions[0].state.started if turn.sessions else None
    if started and asked.earlier and not asked.quiet and sys.stderr.isatty():
        new = asked.record or (asked.settings.history and short(started.run_id))
        if new:
            say(f"catagent: to compare: catagent diff {asked.earlier} {shlex.quote(str(new))}")


def leave(turn: Turn, outputs: Outputs, asked: Asked) -> None:
    """Close everything as well as can be done in the middle of something, and say the rest."""
    for sink in (*outputs.sinks, *turn.recorders):
        with contextlib.suppress(Exception):
            sink.close()
    outputs.rescue()
    epilogue(turn, outputs, asked)


def notice(request: Request, asked: Asked) -> None:
    """Say which model was taken where nobody chose one, and where an agent runs elsewhere."""
    if request.python is not None and not asked.quiet:
        say(f"catagent: {request.agent} runs in {request.python}")
    if request.model.notice and request.uses_our_models and not asked.quiet:
        say(f"catagent: {request.model.notice}")
