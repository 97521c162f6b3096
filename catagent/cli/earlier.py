"""A run that was recorded, and what to run so that it is as that one was asked."""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from catagent.cli.agent import request_of, with_agent
from catagent.cli.asked import Asked
from catagent.cli.recordings import threads
from catagent.cli.threads import as_before, in_thread
from catagent.config import Loaded
from catagent.errors import RecordingError, UsageError
from catagent.events import types as ev
from catagent.loading.registry import AGENTS
from catagent.models.spec import EMBEDDED
from catagent.recordings.history import History
from catagent.recordings.reader import read_from
from catagent.run.request import Request
from catagent.threads.store import Thread

MODELS = ("model", "tool_model")
# All that a run.started tells of what a run of ours was asked with, besides the agent.
TOLD = (*MODELS, "mode", "context", "configurable")


class Earlier(NamedTuple):
    """A recorded run; `is_kept` where the history has it, and it is no file of somebody's."""

    events: list[ev.Event]
    started: ev.RunStarted
    is_kept: bool


def own(run_id: str, kept: History) -> Earlier | None:
    """The run as the history has it, if it has: a file of somebody's may say anything of it."""
    events = list[ev.Event]()
    with contextlib.suppress(RecordingError):  # it is not kept, or was killed
        events.extend(read_from(kept.find(run_id)))
    starts = (each for each in events if isinstance(each, ev.RunStarted) and each.run_id == run_id)
    return next((Earlier(events, start, True) for start in starts), None)


def started(events: Iterable[ev.Event]) -> ev.RunStarted:
    """The start of a run. Raises RecordingError where there is none."""
    for event in events:
        if isinstance(event, ev.RunStarted):
            return event
    raise RecordingError("the recording does not say what was asked")


def thread_of(found: Earlier, loaded: Loaded) -> Thread | None:
    """The thread that was kept of it; a file of somebody's names none."""
    run, thread = found.started.run_id, found.started.data.thread_id
    kept = threads(loaded).list() if found.is_kept else []
    return next((each for each in kept if each.id in (run, thread) or each.waiting == run), None)


def request_as(
    found: Earlier, asked: Asked, thread: Thread | None, told: Sequence[str]
) -> tuple[Request, Asked]:
    """What to run, in no thread: what was not given is as the run was asked, as far as it is known.

    These fields of its run.started are believed, and what its `thread` was asked with. Raises
    UsageError.
    """
    data = found.started.data
    if not found.is_kept and not asked.given["agent"] and data.agent not in AGENTS:
        hint = f"--agent {data.agent}, if that is what you want to run"
        raise UsageError("a recording that is a file says nothing of which agent to run", hint)
    said = {name: value for name in told if (value := getattr(data, name))}
    kept = {k: v for k, v in (thread.asked if thread else {}).items() if k in told or k not in TOLD}
    # The thread may have been asked with others since; but where a model's file is, it alone says.
    known: dict[str, Any] = {"agent": data.agent, **kept}
    known |= {k: v for k, v in said.items() if k not in known or not _is_file(v)}
    for name in MODELS:
        model = str(known.get(name))
        if _is_file(model) and "/" not in model and not asked.given[name]:
            hint = f"--{name.replace('_', '-')} local:FILE.gguf"
            raise UsageError(f"the recording does not say where the model {model} is", hint)
    before = Thread(id="", path=Path(), agent=data.agent, asked=known)
    asked, python = with_agent(as_before(asked, before))
    question, given = (data.input, None) if isinstance(data.input, str) else ("", data.input)
    request = in_thread(request_of(asked, python, question, given), asked, before)
    breaks = request.breaks or tuple(known.get("breaks", ()))
    return replace(request, thread=None, breaks=breaks), asked


def _is_file(model: Any) -> bool:
    """Whether a model is a local one in a file of somebody's."""
    return str(model).startswith("local:") and model != f"local:{EMBEDDED}"
