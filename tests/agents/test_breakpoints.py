"""Breakpoints: what they stop, that it goes on from there, and that nothing is done twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from catagent.agents.custom import fit
from catagent.agents.driver.breakpoints import Breakpoints
from catagent.agents.driver.supplies import Supplies
from catagent.config import Mode
from catagent.events import types as ev
from tests.support.agents import MODES, collect
from tests.support.contract import BY_NAME
from tests.support.matrix import in_turn
from tests.support.models import THREAD

pytestmark = pytest.mark.versions

SHAPES = (
    "nested twice",
    "react in a tool",
    "pause by middleware",
    "functional",
    "handoff",
)
done: list[str] = []


@tool
def first(n: int) -> str:
    """The first."""
    done.append("first")
    return str(n)


@tool
def second(n: int) -> str:
    """The second."""
    done.append("second")
    return str(n)


CALLS: Any = [
    {"name": t.name, "args": {"n": n}, "id": t.name} for n, t in enumerate((first, second))
]


def decide(state: MessagesState) -> Any:
    done.append("decide")
    return {"messages": [AIMessage("", tool_calls=CALLS)]}


def two_at_once() -> Any:
    """A graph one node of which runs both tools."""
    nodes: Any = [decide, ("tools", ToolNode([first, second]))]
    made = StateGraph(MessagesState).add_sequence(nodes)
    return made.add_edge(START, "decide").compile()


def play(agent: Any, given: Any, mode: Mode, passed: list[str], **stops: Any) -> list[ev.Event]:
    """The events of one run up to its next stop, and from where it stopped where one was passed."""
    run = fit(agent, given, THREAD, max_steps=25, supplies=stops.get("supplies"))
    breakpoints = Breakpoints(stops.get("names", ()), passed, step=stops.get("step", False))
    goes_on = replace(run, input=None if passed else run.input, breakpoints=breakpoints)
    return asyncio.run(collect(mode, goes_on)).events


def stopped(events: list[ev.Event]) -> dict[str, dict[str, Any]]:
    """The breakpoints that were hit, by the ids of their interrupts."""
    found = (event.data for event in events if isinstance(event, ev.Interrupt))
    return {data.id: data.value["breakpoint"] for data in found if "breakpoint" in data.value}


def answers(events: list[ev.Event]) -> list[Any]:
    return [event.data.output for event in events if isinstance(event, ev.Answer)]


@in_turn("name, mode", SHAPES, MODES)
def test_step_by_step_an_agent_comes_to_the_same(name: str, mode: Mode) -> None:
    made = BY_NAME[name].make()
    agent, given = made if isinstance(made, tuple) else (made, BY_NAME[name].input)
    memory, passed = Supplies(), list[str]()
    while new := stopped(events := play(agent, given, mode, passed, step=True, supplies=memory)):
        assert not new.keys() & set(passed)
        passed += new
    agent.checkpointer = None
    assert answers(events) == answers(play(agent, given, mode, [], names=["nothing"]))
    assert len(passed) > 1


def test_tools_that_one_node_runs_at_once_stop_before_the_first_of_them() -> None:
    agent, given = two_at_once(), {"messages": [("user", "go")]}
    agent.checkpointer, events = InMemorySaver(), list[ev.Event]()
    done.clear()
    new = stopped(play(agent, given, "events", [], names=["second"]))
    (stop,) = new.values()
    assert (stop, done) == (
        {"kind": "tool", "name": "second", "input": {"n": 1}, "tool_call_id": "second"},
        ["decide"],
    )
    events = play(agent, given, "events", [*new], names=["second"])
    assert not stopped(events)
    assert sorted(done) == ["decide", "first", "second"]


@pytest.mark.parametrize("name", ["classic", "graph in a chain", "react"])
def test_what_is_no_graph_waits_there_for_good(name: str) -> None:
    made = BY_NAME[name].make()
    agent, given = made if isinstance(made, tuple) else (made, BY_NAME[name].input)
    run = fit(agent, given, THREAD, max_steps=25)
    run = replace(run, breakpoints=Breakpoints((), (), step=True))
    events = asyncio.run(collect("events", run)).events
    assert len(stopped(events)) == 1
    assert run.outcome.interrupted
    assert not answers(events)
