"""A turn is taken out of a thread whole: what it has left there is as it was before it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from catagent.errors import UsageError
from catagent.threads.store import Thread, Threads

# What a turn does, by its question, in one leg or more.
TURNS: dict[str, list[Any]] = {
    "is answered": [],
    "fails": [],
    "waits": [],
    "waits, and goes on": [Command(resume="yes")],
    "waits, and fails": [Command(resume="fail")],
}


def _act(state: MessagesState) -> Any:
    asked = str(state["messages"][-1].content)
    said = interrupt("go on?") if "waits" in asked else asked
    if "fail" in said:
        raise RuntimeError("failed")
    return {"messages": [AIMessage("done")]}


def _graph(database: sqlite3.Connection) -> Any:
    """A graph with another in it, which remembers by itself."""
    inner: Any = StateGraph(MessagesState).add_node("act", _act).add_edge(START, "act")
    outer: Any = StateGraph(MessagesState).add_node("inner", inner.compile(checkpointer=True))
    return outer.add_edge(START, "inner").compile(checkpointer=SqliteSaver(database))


def _take(thread: Thread, question: str) -> None:
    thread.begin(question, "run")
    with contextlib.closing(sqlite3.connect(thread.path, check_same_thread=False)) as database:
        for given in ({"messages": [("user", question)]}, *TURNS[question]):
            with contextlib.suppress(RuntimeError):
                _graph(database).invoke(given, {"configurable": {"thread_id": thread.id}})


def _rows(thread: Thread) -> list[Any]:
    with contextlib.closing(sqlite3.connect(thread.path)) as database:
        tables = ("checkpoints", "writes", "catagent")
        return [sorted(database.execute(f"SELECT * FROM {each}")) for each in tables]  # noqa: S608


@pytest.fixture
def thread(tmp_path: Path) -> Thread:
    thread = Threads(tmp_path / "threads").new(id="0123")
    thread.write(waiting="")
    return thread


def test_every_turn_can_be_taken_out_one_after_the_other(thread: Thread) -> None:
    before = []
    for question in TURNS:
        with contextlib.suppress(sqlite3.OperationalError):  # at first there is no table
            before.append(_rows(thread))
        _take(thread, question)
    assert any(namespace for _, namespace, *_ in _rows(thread)[0])
    for question in reversed(TURNS):
        assert thread.undo() == question
        if before:
            assert _rows(thread) == before.pop()
    assert _rows(thread)[:2] == [[], []]
    with pytest.raises(UsageError, match="nothing to take out"):
        thread.undo()


def test_a_turn_that_came_to_nothing_takes_no_other_with_it(thread: Thread) -> None:
    _take(thread, "waits")
    thread.write(waiting="its run")
    kept = _rows(thread)
    thread.begin("failed before its graph was asked", "run")
    assert thread.undo() == "failed before its graph was asked"
    assert _rows(thread) == kept
