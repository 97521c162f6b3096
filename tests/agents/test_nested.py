"""A graph that is a node of another hands on its output, and nothing else of its state."""

import asyncio
from typing import Any

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from typing_extensions import TypedDict

from catagent.agents.custom import fit
from catagent.config import Mode
from tests.support.agents import MODES, collect

pytestmark = pytest.mark.versions


class Logs(TypedDict, total=False):
    """The state of all three graphs."""

    logs: list[str]
    a: str
    b: str


class OnlyA(TypedDict):
    """What one hands on."""

    a: str


class OnlyB(TypedDict):
    """What the other hands on."""

    b: str


def one(key: str, output: Any) -> Any:
    graph = StateGraph(Logs, output_schema=output)
    graph.add_node("node", lambda state: {key: state["logs"][0], "logs": [key]})
    return graph.add_edge(START, "node").compile()


def hand_over(state: Logs) -> Command[str]:
    return Command(graph=Command.PARENT, goto="b", update={"a": state["logs"][0]})


def outer() -> Any:
    graph = StateGraph(Logs).add_node("a", one("a", OnlyA)).add_node("b", one("b", OnlyB))
    return graph.add_edge(START, "a").add_edge(START, "b").compile()


@pytest.mark.parametrize("mode", MODES)
def test_a_nested_graph_hands_on_its_output(mode: Mode) -> None:
    """Twice, as a graph may be run again and again."""
    graph = outer()
    for _ in range(2):
        run = fit(graph, {"logs": ["x"]}, {}, max_steps=5)
        assert asyncio.run(collect(mode, run)).error is None
        assert run.outcome.state == {"logs": ["x"], "a": "x", "b": "x"}


@pytest.mark.parametrize("mode", MODES)
def test_a_nested_graph_hands_over(mode: Mode) -> None:
    """As those of a swarm do."""
    inner = StateGraph(Logs, output_schema=OnlyA).add_node(hand_over).add_edge(START, "hand_over")
    graph = StateGraph(Logs).add_node("a", inner.compile()).add_node("b", one("b", OnlyB))
    run = fit(graph.add_edge(START, "a").compile(), {"logs": ["x"]}, {}, max_steps=5)
    assert asyncio.run(collect(mode, run)).error is None
    assert run.outcome.state == {"logs": ["x"], "a": "x", "b": "x"}
