"""What an agent is supplied with where it has brought none: a store, and a checkpointer."""

from __future__ import annotations

import asyncio
import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.config import get_store
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.store.memory import InMemoryStore
from langgraph.types import interrupt

from catagent.agents.custom import fit
from catagent.agents.driver.kinds import UnusableError
from catagent.agents.driver.supplies import Supplies
from catagent.config import Mode
from catagent.events import types as ev
from tests.support.agents import MODES, collect
from tests.support.asked import heard
from tests.support.contract import BY_NAME, Played, resolved, story
from tests.support.matrix import in_turn

pytestmark = pytest.mark.versions


def recall(state: MessagesState) -> Any:
    get_store().put(("places",), "cat", {"place": "on a shelf"})
    found = get_store().get(("places",), "cat")
    return {"messages": [AIMessage(found.value["place"] if found else "")]}


def graph(*nodes: Any, state: Any = MessagesState, **options: Any) -> Any:
    return (
        StateGraph(state).add_sequence(nodes).add_edge(START, nodes[0].__name__).compile(**options)
    )


def asked(question: str) -> Any:
    return {"messages": [("user", question)]}


async def in_a_function(question: str) -> str:
    return str((await graph(recall).ainvoke(asked(question)))["messages"][-1].text)


class Locked(MessagesState):
    """A state with what cannot be written down."""

    lock: Any


def lock(state: Locked) -> Any:
    return {"lock": threading.Lock()}


def ask(state: Locked) -> Any:
    return {"messages": [AIMessage(interrupt("where?"))]}


def last(state: Any) -> str:
    return str(state["messages"][-1].text)


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = types.ModuleType("brought_for_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@in_turn("name, mode", [name for name, shape in BY_NAME.items() if not shape.at_once], MODES)
def test_what_is_supplied_changes_nothing_that_a_run_says(name: str, mode: Mode) -> None:
    def told(**more: Any) -> Any:
        made = BY_NAME[name].make()
        agent, given = made if isinstance(made, tuple) else (made, BY_NAME[name].input)
        config: Any = {"configurable": {"thread_id": "a"}}
        run = fit(agent, given, config, max_steps=25, **more)
        events = asyncio.run(collect(mode, run)).events
        return story(Played(BY_NAME[name], mode, events, resolved(events)))

    assert told(supplies=Supplies()) == told()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "agent",
    [
        lambda: graph(recall),
        lambda: graph(recall).with_retry(),
        lambda: graph(recall, store=InMemoryStore()),
        lambda: StateGraph(MessagesState).add_node("in", graph(recall)).add_edge(START, "in"),
        lambda: RunnableLambda(asked) | graph(recall) | last,
        lambda: RunnableLambda(in_a_function),
    ],
    ids=["graph", "retried", "its own", "subgraph", "chain", "function"],
)
def test_every_graph_has_a_store(brought: Any, agent: Any, mode: Mode) -> None:
    brought.agent = agent()
    (answer,) = heard("brought_for_test:agent", mode=mode).of(ev.Answer)
    assert answer.data.output == "on a shelf"


@pytest.mark.parametrize(("nodes", "warns"), [((lock, ask), True), ((ask,), False)])
def test_a_pause_that_cannot_be_stored_is_said(brought: Any, nodes: Any, warns: bool) -> None:
    brought.agent = graph(*nodes, state=Locked)
    told = heard("brought_for_test:agent")
    assert told.of(ev.RunFinished)[0].data.status == "interrupted"
    said = [warning.data.message for warning in told.of(ev.Warned)]
    assert said == ["The state of the agent cannot be stored: lock."] * warns


def test_what_a_run_keeps_does_not_grow_with_its_steps() -> None:
    def step(state: MessagesState) -> Any:
        return {"messages": [AIMessage("x" * 1000)]}

    made = StateGraph(MessagesState).add_node("step", step).add_edge(START, "step")
    made.add_conditional_edges("step", lambda state: END if len(state["messages"]) > 20 else "step")
    supplies, config = Supplies(), {"configurable": {"thread_id": "a"}}
    run = fit(made, "q", config, max_steps=50, supplies=supplies)  # type: ignore[arg-type]
    asyncio.run(collect("events", run))
    (kept,) = supplies.checkpointer.list(None)
    assert len(kept.checkpoint["channel_values"]["messages"]) == 21


@pytest.mark.parametrize("thread", ["", "thread.sqlite"])
def test_what_an_agent_brings_stays_unless_it_is_in_memory(thread: str, tmp_path: Path) -> None:
    with SqliteSaver.from_conn_string(":memory:") as its_own:
        agent = graph(recall, checkpointer=its_own)
        assert Supplies(thread).supply(agent) == {}
        assert agent.checkpointer is its_own
    forgetful = graph(recall, checkpointer=InMemorySaver())
    supplies = Supplies(thread and str(tmp_path / thread))
    supplies.supply(forgetful)
    assert forgetful.checkpointer is supplies.checkpointer
    supplies.close()


def test_no_thread_is_kept_of_what_has_no_memory() -> None:
    assert Supplies().supply(graph(recall, checkpointer=False)) == {}
    for agent in (graph(recall, checkpointer=False), RunnableLambda(last)):
        with pytest.raises(UnusableError, match="no memory"):
            Supplies("thread.sqlite").supply(agent)
