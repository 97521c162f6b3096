"""The inspector has the state of a kept thread as it was, without importing the agent."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

from catagent.agents.driver.keeping import thread_saver
from catagent.errors import OutputError
from catagent.inspect.checkpoints import state_at
from catagent.threads.store import Threads


def _answer(state: MessagesState) -> Any:
    return {"messages": [AIMessage(f"answer {len(state['messages'])}")]}


def test_the_inspector_has_a_kept_state_as_it_was_at_a_moment(tmp_path: Path) -> None:
    thread = Threads(tmp_path / "threads").new(id="0123")
    saver = thread_saver(str(thread.path), None)
    graph: Any = StateGraph(MessagesState).add_node("act", _answer).add_edge(START, "act")
    agent, moments = graph.compile(checkpointer=saver), [time.time() - 1]
    with contextlib.closing(saver.conn):
        for question in ("one", "two"):
            agent.invoke({"messages": [question]}, {"configurable": {"thread_id": "0123"}})
            moments.append(time.time())

    def said(moment: float) -> list[str]:
        state = state_at(thread.path, "0123", moment) or {"messages": []}
        assert [*state] == ["messages"]
        return [message["content"] for message in state["messages"]]

    assert [said(moment) for moment in moments] == [
        [],
        ["one", "answer 1"],
        ["one", "answer 1", "two", "answer 3"],
    ]


def test_the_inspector_masks_the_secrets_of_a_kept_state(tmp_path: Path) -> None:
    """A thread holds them as they were: the value of a variable, and what looks like a key."""
    thread = Threads(tmp_path / "threads").new(id="0123")
    saver, shape = thread_saver(str(thread.path), None), "sk-proj-" + "aB1" * 12
    graph: Any = StateGraph(MessagesState).add_node("act", _answer).add_edge(START, "act")
    with contextlib.closing(saver.conn):
        asked = {"messages": [f"use hunter2-value or {shape}"]}
        graph.compile(checkpointer=saver).invoke(asked, {"configurable": {"thread_id": "0123"}})
    state = str(state_at(thread.path, "0123", time.time(), ["hunter2-value"]))
    assert "use [redacted] or" in state
    assert "hunter2" not in state
    assert shape not in state


def test_the_inspector_says_that_a_damaged_thread_has_no_state(tmp_path: Path) -> None:
    (tmp_path / "thread").write_bytes(b"no database" * 100)
    with pytest.raises(OutputError, match="cannot be read"):
        state_at(tmp_path / "thread", "0123", 1.0)
    assert state_at(tmp_path / "none", "0123", 1.0) is None
