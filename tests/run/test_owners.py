"""Whose error it was, from a graph's node through the whole of a run, in every mode."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langgraph.graph import END, START, MessagesState, StateGraph

from catagent.config import Mode
from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session
from catagent.sources.base import AgentRun
from catagent.sources.modes import open_source
from tests.support.agents import MODES

HERE = "tests/run/test_owners.py"


def in_thread(state: MessagesState) -> Any:
    raise TimeoutError("query took longer than 5 s")


async def on_loop(state: MessagesState) -> Any:
    raise TimeoutError("query took longer than 5 s")


def ended(mode: Mode, node: Any) -> ev.RunFinishedData:
    """The end of a run of a graph with this node alone."""
    graph: Any = StateGraph(MessagesState).add_node("db", node)
    compiled = graph.add_edge(START, "db").add_edge("db", END).compile()
    session = Session(Broadcast([]))
    run = AgentRun(compiled, {"messages": []}, "graph", outcome=session.outcome)
    data = ev.RunStartedData(agent="mine", mode=mode, input="q")
    started = ev.RunStarted(run_id="root", data=data)
    return asyncio.run(session.drive(started, open_source(mode, run))).data


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("node", [in_thread, on_loop])
def test_a_node_that_times_out_is_the_agents_error_with_its_line(mode: Mode, node: Any) -> None:
    """Not the model's server's; also from a thread, out of which Python makes it anew."""
    finished = ended(mode, node)
    assert (finished.status, finished.exit_code) == ("error", 1)
    error = finished.error
    assert error is not None
    assert error.message == "The node db failed: TimeoutError: query took longer than 5 s"
    assert (error.kind, error.type, error.node) == ("agent", "TimeoutError", "db")
    assert (error.file, error.line) == (HERE, node.__code__.co_firstlineno + 1)


class Refused(FakeListChatModel):
    """A model whose server knows no such key."""

    def _call(self, *args: Any, **kwargs: Any) -> str:
        error = RuntimeError("no such key")
        error.status_code = 401  # type: ignore[attr-defined]
        raise error


async def asks_two(state: MessagesState) -> Any:
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(Refused(responses=[], disable_streaming=True).ainvoke("q"))


@pytest.mark.parametrize("mode", MODES)
def test_a_group_of_errors_is_the_models_where_its_first_is(mode: Mode) -> None:
    finished = ended(mode, asks_two)
    assert finished.exit_code == ExitCode.CREDENTIALS
    assert finished.error is not None
    assert finished.error.kind == "credentials"
