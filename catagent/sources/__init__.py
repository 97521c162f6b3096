"""The only place that knows a LangChain streaming API: one module a mode, one event union out."""

from __future__ import annotations

from importlib import import_module

from catagent.config import Mode
from catagent.sources.base import AgentRun, EventStream, SourceFactory

# Strings, so that naming the modes imports no LangChain.
MODES: dict[Mode, str] = {
    "steps": "catagent.sources.steps",
    "log": "catagent.sources.log",
    "events": "catagent.sources.events",
}


def open_source(mode: Mode, run: AgentRun) -> EventStream:
    """The events of `run`, by way of the LangChain API that `mode` names; imports it now."""
    factory: SourceFactory = import_module(MODES[mode]).stream
    return factory(run)
