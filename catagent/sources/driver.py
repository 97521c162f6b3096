"""Drives LangChain's stream of one run, whatever the mode, and lets go of all of it at the end."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.config import merge_configs

from catagent.events import types as ev
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.custom import CustomEvents
from catagent.sources.plain import plain
from catagent.sources.to_events import envelope
from catagent.sources.tracker import Tracker
from catagent.sources.translation import Translation
from catagent.workarounds.callbacks import InLine
from catagent.workarounds.stream_writer import relayed

Upstream = AsyncGenerator[Any, None]
# Of one object: what happened alongside it and comes first, and what was made of it.
Reader = Callable[[Any], tuple[Sequence[ev.Event], list[ev.Event]]]

# A backstop alone: the tracker counts steps. A graph takes two supersteps a step, and one for
# every middleware hook.
_SUPERSTEPS = 20


async def drive(
    run: AgentRun,
    upstream: Callable[[AgentRun, Tracker], Upstream],
    reader: Callable[[Translation], Reader],
) -> EventStream:
    """The events of one run. Whatever happens, nothing of it goes on once this is closed."""
    translation = Translation(run)
    tracker, read = translation.tracker, reader(translation)
    custom = CustomEvents(tracker, run.report)
    try:
        async with contextlib.aclosing(upstream(run, tracker)) as stream:
            async for item in stream:
                beside, made = read(item)
                for event in (*beside, *_with_raw(run, made, item, tracker), *custom.take()):
                    yield event
    except (Exception, SystemExit) as raised:
        await tracker.closing.close()
        for event in (*translation.unsaid(), *custom.take(last=True)):
            yield event
        run.outcome.owner = tracker.owner_of(raised)
        raise
    finally:
        await tracker.closing.close()
    for event in (
        *translation.unsaid(),
        *custom.take(last=True),
        *translation.chunks.finish(),
    ):
        yield event


def configured(run: AgentRun, tracker: Tracker, *others: BaseCallbackHandler) -> RunnableConfig:
    """The run's config with our handlers, and with a limit where LangGraph's own is 9,999."""
    limit = _SUPERSTEPS * (run.max_steps + 1)
    handlers: list[BaseCallbackHandler] = [tracker, *others]
    callbacks = InLine(list(handlers), list(handlers))
    ours: RunnableConfig = {"callbacks": callbacks, "recursion_limit": limit}
    ours["configurable"] = relayed(tracker.on_write)
    return merge_configs(ours, run.config)


def limited(run: AgentRun) -> Runnable[Any, Any]:
    """The runnable, with the executor's own limit out of the tracker's way."""
    return _unlimited(run.runnable, run.max_steps) if run.shape == "executor" else run.runnable


def _unlimited(runnable: Any, max_steps: int) -> Any:
    if isinstance(runnable, RunnableBindingBase):
        return runnable.model_copy(update={"bound": _unlimited(runnable.bound, max_steps)})
    if hasattr(runnable, "max_iterations"):
        return runnable.model_copy(update={"max_iterations": max_steps + 1})
    return runnable


def graph_arguments(run: AgentRun, **more: Any) -> dict[str, Any]:
    """What `astream` is to be asked for: a graph's updates, those of nested graphs too."""
    if run.shape != "graph":
        return {}
    return {"stream_mode": "updates", "subgraphs": True, **more}


def _with_raw(run: AgentRun, made: list[ev.Event], item: Any, tracker: Tracker) -> list[ev.Event]:
    """The events, with the untouched object that they were made from on the first of them.

    An object that became no event gets one to carry it, so that nothing is missing with `--raw`.
    """
    if not run.raw:
        return made
    first = made[0] if made else _carrier(tracker)
    if not isinstance(first, ev.Unknown):
        first.raw = plain(item)
    return made or [first]


def _carrier(tracker: Tracker) -> ev.Node:
    data = ev.NodeData(kind="other", phase="stream")
    return ev.Node(data=data, **(envelope(tracker.root) if tracker.root else {}))
