"""What the tracker knows of before LangChain's stream of events has said it."""

from __future__ import annotations

from itertools import count
from typing import Any

from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt

from catagent.failures.classify import Owner
from catagent.sources.base import AgentRun
from catagent.sources.tracker import Tracker
from catagent.sources.translation import EventReader, Translation


def run() -> AgentRun:
    ticks = count()
    return AgentRun.elsewhere(clock=lambda: float(next(ticks)))


def tracked(of: AgentRun, *nodes: str) -> Tracker:
    """A graph in which these nodes began; the ids of their runs are their names."""
    tracker = Tracker(of)
    start(tracker, "graph")
    for node in nodes:
        metadata = {"langgraph_node": node, "langgraph_checkpoint_ns": f"{node}:1"}
        start(tracker, node, parent_run_id="graph", metadata=metadata)
    return tracker


def start(tracker: Tracker, name: str, **about: Any) -> None:
    tracker.on_chain_start(None, {}, run_id=name, name=name, **about)


def test_a_node_has_begun_before_it_waits_for_a_person() -> None:
    """From Python 3.12 on the loop may have run that far before its start is read of."""
    asking = run()
    tracker = tracked(asking, "ask")
    tracker.on_chain_error(GraphInterrupt([Interrupt("may I?")]), run_id="ask")
    tracker.on_chain_end({}, run_id="graph")
    read, kinds = EventReader(Translation(asking, tracker)), list[str]()
    for name, event in [("ask", "on_chain_start"), ("graph", "on_chain_end")]:
        for made in read({"event": event, "run_id": name, "data": {}}):
            kinds += [each.type for each in made]
    assert kinds == ["node", "interrupt", "node"]


def test_a_group_is_of_the_node_that_raised_it_though_it_is_made_anew_on_its_way() -> None:
    """`contextlib.suppress` of 3.12 and later passes on the rest of it, as `except*` does."""
    tracker = tracked(run(), "first", "second")
    raised = ExceptionGroup("both", [ValueError("one"), ValueError("two")])
    tracker.on_chain_error(ValueError("one"), run_id="first")
    tracker.on_chain_error(raised, run_id="second")
    passed_on = raised.split(OSError)[1]
    assert passed_on is not None
    assert passed_on is not raised
    assert tracker.owner_of(passed_on) == Owner("node", "second", ("second",))
    assert tracker.owner_of(ValueError("one")) is None
