"""Finds the run that is to be asked again, and makes the request of it."""

import json
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from catagent.cli.agent import tool_request_of
from catagent.cli.asked import Asked
from catagent.cli.earlier import TOLD, Earlier, own, request_as, started, thread_of
from catagent.cli.recordings import history, locate, run_in
from catagent.cli.stderr import say
from catagent.cli.threads import as_before
from catagent.errors import UsageError
from catagent.events import types as ev
from catagent.loading.registry import TOOLS
from catagent.redact import MASK
from catagent.run.frozen import frozen_of, models_of
from catagent.run.request import Request
from catagent.threads.store import Thread
from catagent.views.notes import short

# What a file of somebody's is believed where no model is asked: with it the run is as it was.
_FROZEN = ("mode", "context", "configurable")


def run_to_repeat(wanted: str, asked: Asked, run: str | None) -> tuple[Earlier, Asked]:
    """The run of this id, or of this file: one of one's own as the history has it.

    With --agent, a file is taken as it is. Raises UsageError and RecordingError.
    """
    events, kept = run_in(wanted, asked.loaded, run, []), history(asked.loaded)  # it may be killed
    found, name = Earlier(events, started(events), False), "" if wanted == "-" else quote(wanted)
    is_id = name and locate(wanted, asked.loaded).parent == kept.folder
    if is_id or not asked.given["agent"]:
        found = own(found.started.run_id, kept) or found
    return found, replace(asked, earlier=short(found.started.run_id) if found.is_kept else name)


def request_to_rerun(
    found: Earlier, asked: Asked, run_tools: Sequence[str] | None
) -> tuple[Request, Asked]:
    """What to run, in no thread. Where the recording is to answer, these tools run all the same.

    With None the models are asked. Raises UsageError.
    """
    frozen = run_tools is not None
    data, thread = found.started.data, thread_of(found, asked.loaded)
    _require(data, asked, frozen=frozen)
    told = _FROZEN if frozen else TOLD if found.is_kept else ("mode",)
    left = [name for name in TOLD if not (frozen or name in told or asked.given.get(name))]
    if _is_tool(data):
        request, asked = _tool_request(found, asked, told)
    else:
        request, asked = request_as(found, asked, thread, told)
    _say_what_differs(found, thread, left)
    if run_tools is not None:
        answers, (model, tool_model) = frozen_of(found.events, run_tools), models_of(found.events)
        return replace(request, frozen=answers, model=model, tool_model=tool_model), asked
    given = (request.given, request.context, request.configurable, request.tool_input)
    if MASK in json.dumps(given, ensure_ascii=False):
        hint = "ask it with catagent ask, which can be given that"
        raise UsageError(f"the recording has {MASK} where a secret was", hint)
    return request, asked


def _require(data: ev.RunStartedData, asked: Asked, *, frozen: bool) -> None:
    """Raise UsageError for a run of another program whose agent nobody has named.

    And for what a recording cannot answer.
    """
    if data.pid is not UNSET and not asked.given["agent"]:
        again = f"catagent watch -- {data.program}" if data.program else "catagent watch"
        message = "the run is another program's, and that alone can make it again"
        raise UsageError(message, f"{again}; or --agent file.py:name, to run it here")
    if frozen and data.resumes:
        hint = f"catagent rerun {short(data.resumes)} --frozen"
        raise UsageError("the run goes on with another, and has not its beginning", hint)
    if frozen and (asked.given["model"] or asked.given["tool_model"]):
        raise UsageError("--model is asked, and no model is with --frozen", "leave one of them out")


def _say_what_differs(found: Earlier, thread: Thread | None, left: Sequence[str]) -> None:
    """Say what is not the same again: `left` are the fields that are not believed."""
    data, run = found.started.data, found.started.run_id
    is_first = thread is not None and [turn.run for turn in thread.begun[:1]] == [run]
    if data.resumes:
        said = f"the run answered {short(data.resumes)}, and is asked from the beginning of that"
        say(f"catagent: warning: {said}")
    elif data.thread_id not in (None, run) and not is_first:
        say("catagent: warning: what was said before it in its thread is not said again")
    if left := [name for name in left if getattr(data, name)]:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in left)
        hint = "give them, if that is what you want"
        say(f"catagent: warning: a file is not believed in these: {options}", hint)


def _is_tool(data: ev.RunStartedData) -> bool:
    """Whether it is a run of `catagent tool`, whose question is its call."""
    is_call = ":" in data.agent and str(data.input).partition(" ")[0] == data.agent
    return data.agent in TOOLS or is_call


def _tool_request(found: Earlier, asked: Asked, told: Sequence[str]) -> tuple[Request, Asked]:
    """The same call of the tool."""
    data = found.started.data
    if data.agent not in TOOLS and not found.is_kept:
        message = "a recording that is a file says nothing of which tool to run"
        raise UsageError(message, f"catagent tool {data.input}")
    known = {name: getattr(data, name) for name in ("mode", "tool_model") if name in told}
    if asked.given["model"]:
        known.pop("tool_model", None)
    asked = as_before(asked, Thread(id="", path=Path(), asked=known))
    calls = (each.data.tool_input for each in found.events if isinstance(each, ev.ToolStarted))
    given: dict[str, Any] = next(calls, {})
    words = {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
    return tool_request_of(asked, data.agent, words, str(data.input)), asked
