"""Finds the run that waits, what it was asked with, and what is answered to it."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from catagent.cli.agent import request_of, with_agent
from catagent.cli.asked import Asked
from catagent.cli.recordings import history, recorded, runs_of, threads
from catagent.cli.threads import as_before, in_thread
from catagent.config import Loaded
from catagent.errors import RecordingError, UsageError
from catagent.events import types as ev
from catagent.events.state import RunState
from catagent.exports.facts import final_state
from catagent.loading.registry import AGENTS
from catagent.recordings.history import History, answered, summarise, waiting
from catagent.recordings.reader import read_from
from catagent.run.answers import CONTINUE, answer_to, is_stop
from catagent.run.request import Request
from catagent.threads.store import Thread

_SHORTEST_ID = 4
_RESUMED_WITH = ("agent", "model", "tool_model", "mode")


class Waiting(NamedTuple):
    """A run that waits; `is_kept` where the history has it, and it is no file of somebody's."""

    state: RunState
    started: ev.RunStarted
    is_kept: bool


def waiting_run(wanted: str, loaded: Loaded, run: str | None = None) -> Waiting:
    """The run of this file or id that waits, the last one for none; `run` of several in a file.

    Raises UsageError.
    """
    kept = history(loaded)
    if not wanted and (wanted := next((each.id for each in waiting(kept.runs())), "")) == "":
        raise UsageError("no run waits for an answer", "catagent runs lists those that are kept")
    with recorded(wanted, loaded) as events:
        states = [final_state(each) for each in runs_of(events, run)]
    resumed = {state.started.data.resumes for state in states if state.started is not None}
    for state in reversed(states):
        started, end = state.started, state.finished
        if started is None or end is None or started.run_id in resumed:
            continue
        if end.data.status == "interrupted":
            return _own(started.run_id, kept) or Waiting(state, started, False)
    ends = [state.finished.data.status for state in states if state.finished is not None]
    said = f"{wanted} does not wait for an answer: it ended with {', '.join(ends)}"
    raise UsageError(said, "catagent resume alone takes the last that waits")


def _own(run_id: str, kept: History) -> Waiting | None:
    """The run as the history has it, if it has: a file of somebody's may say anything of it."""
    with contextlib.suppress(RecordingError):
        path = kept.find(run_id)
        state = final_state(read_from(path))
        if summarise(path).id == run_id and state.started is not None:
            return Waiting(state, state.started, True)
    return None


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


def request_to_resume(found: Waiting, asked: Asked) -> tuple[Request, Asked]:
    """What to run to go on: what was not given is as the run was asked. Raises UsageError."""
    data, thread = found.started.data, _thread(found, asked.loaded)
    gone = found.is_kept and found.started.run_id in answered(history(asked.loaded).runs())
    if gone or (thread is not None and thread.waiting not in ("", found.started.run_id)):
        message = f"{found.started.run_id} was answered already: its thread went on"
        raise UsageError(message, "catagent runs lists those that wait")
    if not found.is_kept and not asked.given["agent"] and data.agent not in AGENTS:
        hint = f"--agent {data.agent}, if that is what you want to run"
        raise UsageError("a recording that is a file says nothing of which agent to run", hint)
    told = {name: getattr(data, name) for name in _RESUMED_WITH if found.is_kept}
    told = {"agent": data.agent, **told}
    known = {**told, **(thread.asked if thread else {})}
    before = Thread(id="", path=Path(), agent=data.agent, asked=known)
    asked, python = with_agent(as_before(asked, before))
    question, given = (data.input, None) if isinstance(data.input, str) else ("", data.input)
    request = in_thread(request_of(asked, python, question, given), asked, before)
    thread_id = {"thread_id": data.thread_id or found.started.run_id}
    request = replace(
        request,
        thread=thread,
        configurable={**request.configurable, **thread_id},
        breaks=request.breaks or tuple(before.asked.get("breaks", ())),
        passed=tuple(before.asked.get("passed", ())),
    )
    return request, asked


def _thread(found: Waiting, loaded: Loaded) -> Thread | None:
    """The thread that was kept of it; a file of somebody's names none."""
    run, thread = found.started.run_id, found.started.data.thread_id
    kept = threads(loaded).list() if found.is_kept else []
    return next((each for each in kept if each.id in (run, thread) or each.waiting == run), None)
