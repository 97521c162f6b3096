"""The only place that knows a LangChain streaming API: one module a mode, one event union out."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from catagent.config import Mode
from catagent.sources.base import AgentRun, EventStream


def open_source(mode: Mode, run: AgentRun) -> EventStream:
    """The events of `run`, by way of the LangChain API that `mode` names; imports it now."""
    return cast("EventStream", import_module(f"catagent.sources.{mode}").stream(run))
