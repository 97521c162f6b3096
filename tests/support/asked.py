"""Runs as `catagent ask` puts them together, in this process."""

from __future__ import annotations

import asyncio
from typing import Any

from catagent.config import Mode, load
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.models.spec import ModelSpec
from catagent.run.request import Request
from catagent.run.runner import Run
from catagent.sinks.base import Sink


class Heard(Sink):
    """Keeps the events that it gets."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []

    def write(self, event: ev.Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]


def run_of(agent: str, question: str = "where?", mode: Mode = "events", *sinks: Sink) -> Run:
    """A run of the agent with this name. The key of its models is none."""
    model = ModelSpec(provider="openai", name="gpt")
    request = Request(agent=agent, input=question, model=model, tool_model=model, filters=Filters())
    loaded = load({"mode": mode}, environ={"OPENAI_API_KEY": "test"})
    return Run(request, loaded, sinks=sinks)


def heard(agent: str, question: str = "where?", mode: Mode = "events") -> Heard:
    """All that a run of this agent says."""
    sink = Heard()
    asyncio.run(run_of(agent, question, mode, sink).drive())
    return sink
