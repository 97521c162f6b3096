"""What a thread's file keeps of a graph, what of it is read again, and what is not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import operator
import pickle
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, TypedDict

import ormsgpack
import pytest
from langchain_core.messages import AIMessage
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from catagent.agents.driver.kinds import UnusableError
from catagent.agents.driver.supplies import Supplies

SAID = ["ask", "deep", "q", "q", "quick"]  # the graph inside hands on what it was given, too
CONFIG: Any = {"configurable": {"thread_id": "t"}}


class Plan(BaseModel):
    """A class of the agent's own."""

    steps: list[str]


class Log(TypedDict):
    """What several nodes add to."""

    log: Annotated[list[str], operator.add]


class State(Log):
    """A state that declares the class."""

    plan: Plan


def _supplied(graph: Any, file: str = "") -> tuple[Supplies, dict[str, Any]]:
    supplies = Supplies(file)
    return supplies, supplies.supply(graph)


def _waiting(ran: list[str]) -> Any:
    """A graph that pauses in a node and in a graph inside, while a third node has finished."""

    async def quick(state: State) -> Any:
        ran.append("quick")
        return {"log": ["quick"]}

    inner = StateGraph(Log).add_node("deep", lambda state: {"log": [interrupt("deep?")]})
    graph: Any = StateGraph(State)
    graph.add_node("plan", lambda state: {"plan": Plan(steps=["a"])}).add_edge(START, "plan")
    graph.add_node("ask", lambda state: {"log": [interrupt("ask?")]})
    graph.add_node("quick", quick)
    graph.add_node("inner", inner.add_edge(START, "deep").compile())
    for name in ("ask", "quick", "inner"):
        graph.add_edge("plan", name)
    return graph.compile()


def test_a_pause_is_copied_whole_and_gone_on_with_from_the_file(tmp_path: Path) -> None:
    ran, file = list[str](), str(tmp_path / "threads/t.sqlite")
    graph = _waiting(ran)
    supplies, more = _supplied(graph)
    waits = asyncio.run(graph.ainvoke({"log": ["q"]}, CONFIG, **more))["__interrupt__"]
    assert supplies.lost(file) == ""
    modes = [path.stat().st_mode & 0o777 for path in (Path(file), Path(file).parent)]
    assert modes == [0o600, 0o700]
    again = _waiting(ran)
    kept, more = _supplied(again, file)
    answers: Any = Command(resume={each.id: each.value[:-1] for each in waits})
    end = asyncio.run(again.ainvoke(answers, CONFIG, **more))
    assert (end["plan"], sorted(end["log"])) == (Plan(steps=["a"]), SAID)
    assert ran == ["quick"]
    assert again.get_state(CONFIG).next == ()
    kept.close()


def test_the_functional_api_remembers_what_it_returned(tmp_path: Path) -> None:
    def told(given: str) -> Any:
        @entrypoint()
        def agent(question: str, *, previous: Any = None) -> list[str]:
            return [*(previous or []), question]

        supplies, more = _supplied(agent, str(tmp_path / "t.sqlite"))
        with_thread = agent.invoke(given, CONFIG, **more)
        supplies.close()
        return with_thread

    assert [told("a"), told("b")] == [["a"], ["a", "b"]]


def _ext(code: int, *content: Any) -> tuple[str, bytes]:
    called = ormsgpack.packb(content, option=ormsgpack.OPT_NON_STR_KEYS)
    state = {"messages": [ormsgpack.Ext(code, called)]}
    return "msgpack", ormsgpack.packb(_checkpoint(state), option=ormsgpack.OPT_NON_STR_KEYS)


def _checkpoint(state: dict[str, Any]) -> dict[str, Any]:
    ends: dict[str, Any] = {"channel_versions": {}, "versions_seen": {}}
    return {"v": 4, "id": "1ef4f797-8335-6428-8001-8a1503f9b875", "ts": "", **ends} | {
        "channel_values": state
    }


class _Harm:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("harmed"),)


_LC2 = {"lc": 2, "type": "constructor", "id": ["os", "mkdir"], "args": ["harmed"]}


@pytest.mark.parametrize(
    "row",
    [
        _ext(0, "os", "mkdir", "harmed"),
        _ext(1, "os", "mkdir", ["harmed"]),
        _ext(2, "os", "mkdir", {"path": "harmed"}),
        _ext(3, "os", "path", "harmed", "mkdir"),
        _ext(4, "os", "mkdir", {"path": "harmed"}),
        _ext(5, "os", "mkdir", {"path": "harmed"}),
        ("pickle", pickle.dumps(_Harm())),
        ("json", json.dumps(_checkpoint({"messages": [_LC2]})).encode()),
        ("msgpack", b"\xc1 torn"),
    ],
    ids=["one", "many", "named", "method", "v1", "v2", "pickle", "json", "torn"],
)
def test_nothing_that_stands_in_a_file_is_called(
    row: tuple[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def asked() -> Any:
        graph: Any = StateGraph(MessagesState).add_node("tell", lambda _: {"messages": ["told"]})
        graph = graph.add_edge(START, "tell").compile()
        supplies, more = _supplied(graph, "t.sqlite")
        try:
            return asyncio.run(graph.ainvoke({"messages": [AIMessage("hi")]}, CONFIG, **more))
        finally:
            supplies.close()

    asked()
    with sqlite3.connect("t.sqlite") as database:
        database.execute("UPDATE checkpoints SET type = ?, checkpoint = ?", row)
    database.close()
    with contextlib.suppress(Exception):  # LangGraph's, or ours
        asked()
    assert not Path("harmed").exists()


def test_a_file_is_not_closed_while_a_step_is_written(tmp_path: Path) -> None:
    """SQLite would take the process along."""
    supplies = Supplies(str(tmp_path / "t.sqlite"))
    closing = threading.Thread(target=supplies.close)
    with supplies.checkpointer.cursor() as writing:
        closing.start()
        closing.join(0.1)
        assert writing.execute("SELECT 1").fetchone() == (1,)
    closing.join()
    with pytest.raises(sqlite3.ProgrammingError):
        supplies.checkpointer.conn.cursor()


def test_an_interpreter_without_the_checkpointer_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "langgraph.checkpoint.sqlite", None)
    with pytest.raises(UnusableError, match="cannot keep a thread") as raised:
        _ = Supplies("t.sqlite").checkpointer
    assert "pip install 'langgraph-checkpoint-sqlite>=3.1'" in raised.value.args[1]
