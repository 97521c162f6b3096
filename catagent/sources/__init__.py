"""The only place that knows a LangChain streaming API: one row a mode, one event union out."""

from __future__ import annotations

from catagent.config import Mode
from catagent.sources.base import AgentRun, EventStream


def open_source(mode: Mode, run: AgentRun) -> EventStream:
    """The events of `run`, by way of the LangChain API that `mode` names; imports that now."""
    from catagent.sources.modes import stream

    return stream(mode, run)
