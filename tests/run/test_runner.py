"""What a run says of itself before it begins."""

from __future__ import annotations

import asyncio

import pytest

from catagent.config import load
from catagent.errors import ExitCode
from catagent.events.filters import Filters
from catagent.models.spec import ModelSpec
from catagent.run.request import Request
from catagent.run.runner import Run

GPT = "openai:gpt"
MINI = "openai:mini"


@pytest.mark.parametrize(
    ("agent", "tool", "named"),
    [
        ("cat", None, (GPT, MINI)),
        ("mine:agent", None, (None, None)),
        ("cat", "get_items", (None, MINI)),
        ("cat", "mine:tool", (None, None)),
    ],
)
def test_only_models_that_may_be_asked_are_named(
    agent: str, tool: str | None, named: tuple[str | None, str | None]
) -> None:
    """An agent that people bring has models of its own, and a tool has none that decides."""
    request = Request(
        agent=agent,
        tool=tool,
        question="q",
        model=ModelSpec(provider="openai", name="gpt"),
        tool_model=ModelSpec(provider="openai", name="mini"),
        filters=Filters(),
    )
    run = Run(request, load({}, environ={}))
    run.session.cancel(ExitCode.INTERRUPTED)
    asyncio.run(run.drive())
    started = run.session.state.started
    assert started is not None
    assert (started.data.model, started.data.tool_model) == named
