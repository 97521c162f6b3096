"""Finds the run that waits, what it was asked with, and what is answered to it."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from catagent.cli.asked import Asked
from catagent.cli.earlier import TOLD, Earlier, own, request_as, thread_of
from catagent.cli.recordings import history, recorded, runs_of
from catagent.config import Loaded
from catagent.errors import UsageError
from catagent.events import types as ev
from catagent.exports.facts import final_state
from catagent.recordings.history import answered, waiting
from catagent.run.answers import CONTINUE, answer_to, is_stop
from catagent.run.request import Request

_SHORTEST_ID = 4


def waiting_run(wanted: str, loaded: Loaded, run: str | None = None) -> Earlier:
    """The run of this file or id that waits, the last one for none; `run` of several in a file.

    Raises UsageError.
    """
    kept = history(loaded)
    if not wanted and (wanted := next((each.id for each in waiting(kept.runs())), "")) == "":
        raise UsageError("no run waits for an answer", "catagent runs lists those that are kept")
    with recorded(wanted, loaded) as events:
        states = [(each, final_state(each)) for each in runs_of(events, run)]
    resumed = {state.started.data.resumes for _, state in states if state.started is not None}
    for those, state in reversed(states):
        started, end = state.started, state.finished
        if started is None or end is None or started.run_id in resumed:
            continue
        if end.data.status == "interrupted":
            return own(started.run_id, kept) or Earlier(those, started, False)
    ends = [state.finished.data.status for _, state in states if state.finished is not None]
    said = f"{wanted} does not wait for an answer: it ended with {', '.join(ends)}"
    raise UsageError(said, "catagent resume alone takes the last that waits")


def answers_of(
    texts: Sequence[str], interrupts: Sequence[ev.Interrupt], on: str = CONTINUE
) -> dict[str, Any]:
    """What is answered, by the ids of these interrupts; those that ask nothing go `on`.

    Raises UsageError for what is not allowed, and where it is not clear what it answers.
    """
    answers = {each.data.id: on for each in interrupts if is_stop(each.data)}
    for text in texts:
        data, said = _meant(text, interrupts)
        answers[data.id] = answer_to(data, said)
    return answers


def _meant(text: str, interrupts: Sequence[ev.Interrupt]) -> tuple[ev.InterruptData, str]:
    """What a text answers, and with what."""
    begun, equals, said = text.partition("=")
    if equals and len(begun) >= _SHORTEST_ID:
        for each in interrupts:
            if each.data.id.startswith(begun):
                return each.data, said
    if len(interrupts) == 1:
        return interrupts[0].data, text
    ids = ", ".join(each.data.id[:8] for each in interrupts)
    raise UsageError(f"{len(interrupts)} answers are awaited", f"--answer ID=… for each of {ids}")


def request_to_resume(found: Earlier, asked: Asked) -> tuple[Request, Asked]:
    """What to run to go on: what was not given is as the run was asked. Raises UsageError."""
    data, thread = found.started.data, thread_of(found, asked.loaded)
    gone = found.is_kept and found.started.run_id in answered(history(asked.loaded).runs())
    if gone or (thread is not None and thread.waiting not in ("", found.started.run_id)):
        message = f"{found.started.run_id} was answered already: its thread went on"
        raise UsageError(message, "catagent runs lists those that wait")
    request, asked = request_as(found, asked, thread, TOLD if found.is_kept else ())
    thread_id = {"thread_id": data.thread_id or found.started.run_id}
    passed = tuple(thread.asked.get("passed", ())) if thread else ()
    configurable = {**request.configurable, **thread_id}
    return replace(request, thread=thread, configurable=configurable, passed=passed), asked
