"""Regression tests of agents: `check` runs one again as a recording answers, and compares.

No model is asked, so no key and no network is needed; docs/testing.md has examples. What pytest
prints of a test that fails is the first difference: frames of this module are hidden from it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from catagent.agents.driver.recorded import alike
from catagent.compare.differences import Difference, differences
from catagent.compare.rows import rows
from catagent.config import Loaded, merged, process_environ
from catagent.errors import CatagentError, RecordingError
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.recordings.reader import by_run, read
from catagent.redact import MASK
from catagent.run.event_loop import block_on
from catagent.run.frozen import frozen_of, models_of
from catagent.run.request import Request
from catagent.run.runner import Run
from catagent.sinks.base import RecorderSink
from catagent.views.sanitize import clean
from catagent.workarounds.threads import inheriting_context

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable
    from langgraph.graph import StateGraph

    Agent = str | Runnable[Any, Any] | StateGraph[Any, Any, Any, Any] | Callable[..., Any]


# What is patched meanwhile is the whole process: the next check waits for that.
_ONE = Lock()


class Options(TypedDict, total=False):
    """What else `check` takes, each by its name."""

    run_tools: Sequence[str]
    context: Mapping[str, Any]
    configurable: Mapping[str, Any]
    max_steps: int


def check(recording: str | os.PathLike[str], agent: Agent, **options: Unpack[Options]) -> None:
    """Run an agent as in the recording of a run; raise AssertionError where it does not do alike.

    `agent` is a Runnable, a graph, or a function that makes one; or its name as `--agent` takes it:
    then it is imported where models can be made without a key. Models and tools answer what was
    recorded, but for tools in which a model was asked, and `run_tools`: names, or "all". `context`
    and `configurable` are as recorded unless given; of steps it may take `max_steps` (25).

    Ids, times, also inside of texts, and the pieces in which a text came are no difference. Of
    checks at once in a process, one runs and the others wait. Blocks, on a thread of its own where
    an event loop runs already.
    """
    __tracebackhide__ = True
    if found := block_on(lambda: _first_difference(recording, agent, options)):
        raise AssertionError(found)


async def acheck(
    recording: str | os.PathLike[str], agent: Agent, **options: Unpack[Options]
) -> None:
    """The same on the event loop that runs, for an agent that is bound to it."""
    __tracebackhide__ = True
    if found := await _first_difference(recording, agent, options):
        raise AssertionError(found)


async def _first_difference(
    recording: str | os.PathLike[str], agent: Agent, options: Options
) -> str:
    """The first difference, in rows, or why nothing can be compared; empty for none."""
    try:
        recorded = _run_in(Path(recording))
    except CatagentError as error:
        return f"{error.message}\n  hint: {error.hint}" if error.hint else error.message
    heard, run = _Heard(), _request(recorded, agent, options)
    while not _ONE.acquire(blocking=False):  # noqa: ASYNC110 - on whatever loop the other runs
        await asyncio.sleep(0.01)
    try:
        with inheriting_context():
            await _Checked(*run, recorders=[heard]).drive()
    finally:
        _ONE.release()
    found = [each for each in differences(recorded, heard.events) if not _is_alike(each)]
    if not found:
        return ""
    shown = [*rows(found[0]), *_end(heard.events[-1])]
    return "\n".join([f"the run, B, is not as in {recording}, A", *shown])


def _is_alike(found: Difference) -> bool:
    """Whether it is what no model would have been asked anew for, such as the date of today."""
    return found.a is not None and found.b is not None and alike(found.a, found.b, MASK)


def _end(end: ev.Event) -> list[str]:
    """What the run failed for, which may be that something was not recorded."""
    error = end.data.error if isinstance(end, ev.RunFinished) else None
    return [f"it failed: {clean(error.message)}"] if error is not None else []


def _run_in(path: Path) -> list[ev.Event]:
    """The events of the one run of a recording, its start first. Raises RecordingError."""
    runs = [*by_run(read(path)).values()]
    if len(runs) > 1:
        hint = "catagent export ID FILE.jsonl writes one of them into a file of its own"
        raise RecordingError(f"{path} holds {len(runs)} runs", hint)
    return runs[0]


def _request(
    recorded: Sequence[ev.Event], agent: Agent, options: Options
) -> tuple[Request, Loaded]:
    """The same run again, with the settings of the recording and none of the person's."""
    data = next(each.data for each in recorded if isinstance(each, ev.RunStarted))
    tools, (model, tool_model) = options.get("run_tools", ()), models_of(recorded)
    request = Request(
        agent=agent if isinstance(agent, str) else data.agent,
        input=data.input,
        context=dict(options.get("context") or data.context or {}) or None,
        configurable=dict(options.get("configurable") or data.configurable or {}),
        model=model,
        tool_model=tool_model,
        filters=Filters(),
        frozen=frozen_of(recorded, [tools] if isinstance(tools, str) else tools),
        found=None if isinstance(agent, str) else agent,
    )
    chosen = {"mode": data.mode, "max_steps": options.get("max_steps", 25)}
    settings, environ = merged([("the recording", chosen)]), process_environ()
    nowhere = Path(os.devnull)  # nothing is kept, or looked up
    return request, Loaded(
        settings=settings,
        environ=environ,
        process=environ,
        config_dir=nowhere,
        state_dir=nowhere,
        cache_dir=nowhere,
    )


class _Heard(RecorderSink):
    """Keeps every event."""

    required = False

    def __init__(self) -> None:
        self.events: list[ev.Event] = []

    def write(self, event: ev.Event) -> None:
        self.events.append(event)


class _Checked(Run):
    """A run in a process that is not ours, to be left as it is."""

    def _prepare(self) -> None:
        pass
