"""The `events` mode: LangChain's `astream_events(version="v2")` as our events."""

from __future__ import annotations

from typing import Any, cast

from langchain_core.runnables import Runnable, RunnableBinding

from catagent.sources.base import AgentRun, EventStream
from catagent.sources.driven import DrivenTracker
from catagent.sources.driver import Upstream, configured, drive, graph_arguments
from catagent.sources.translation import EventReader


def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield every token of every model, and all else that it does."""
    return drive(run, _open, EventReader)


def _open(run: AgentRun, tracker: DrivenTracker) -> Upstream:
    # It hands on LangChain's default of 25 as if somebody had set that limit: a binding does not.
    bound: Runnable[Any, Any] = RunnableBinding(bound=run.runnable)
    config, more = configured(run, tracker), graph_arguments(run)
    events = Runnable.astream_events(bound, run.input, config, version="v2", **more)
    return cast("Upstream", events)
