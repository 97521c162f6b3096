"""Whose error it is when a node or a tool fails, as code fails: its own words, file and line."""

from __future__ import annotations

import asyncio
import errno
import json
import runpy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AnyMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from msgspec import UNSET

from catagent.config import Mode
from catagent.errors import AgentError, ToolError
from catagent.failures.classify import Owner, classify, error_info
from catagent.sources.base import AgentRun
from tests.support.agents import MODES, collect

HERE = "tests/failures/test_own_code.py"
DB = Owner("node", "db")


class HTTPError(Exception):
    """What a client of some web service raises."""

    status_code = 401


NotFoundError = type("NotFoundError", (Exception,), {"status_code": 404})


def failing_node(work: Callable[[], object]) -> tuple[Exception, int]:
    """What a graph raises whose node does this work, and the line that the node does it in."""

    def db(state: MessagesState) -> dict[str, list[AnyMessage]]:
        work()
        return {"messages": []}

    graph: Any = StateGraph(MessagesState).add_node("db", db)
    graph.add_edge(START, "db").add_edge("db", END)
    try:
        graph.compile().invoke({"messages": []})
    except Exception as raised:
        return raised, db.__code__.co_firstlineno + 1
    raise AssertionError("it did not fail")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_stop_iteration_is_named_with_its_place(mode: Mode, is_async: bool) -> None:
    """It leaves no coroutine or thread as it is: it comes in a RuntimeError."""

    def db(_: object) -> dict[str, Any]:
        return {"messages": [next(iter(()))]}

    async def adb(state: object) -> dict[str, Any]:
        return db(state)

    node: Any = adb if is_async else db
    graph: Any = StateGraph(MessagesState).add_node("db", node)
    run = AgentRun(graph.add_edge(START, "db").compile(), {"messages": ["?"]}, "graph")
    outcome = asyncio.run(collect(mode, run))
    assert outcome.error is not None
    info = error_info(outcome.error, run.outcome.owner)
    assert (info.type, info.message) == ("StopIteration", "The node db failed: StopIteration.")
    assert (info.node, info.file, info.line) == ("db", HERE, db.__code__.co_firstlineno + 1)


@pytest.mark.parametrize("mode", MODES)
def test_of_a_graph_in_a_graph_the_path_is_named_and_the_line_shown(mode: Mode) -> None:
    def fails(_: object) -> None:
        raise ValueError(len("api_key=sk-proj-ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890"))

    def graph(name: str, node: Any) -> Any:
        return StateGraph(MessagesState).add_node(name, node).add_edge(START, name).compile()

    def calls(state: MessagesState) -> Any:
        return graph("inner", fails).invoke(state)

    run = AgentRun(graph("outer", graph("middle", calls)), {"messages": ["?"]}, "graph")
    outcome = asyncio.run(collect(mode, run))
    assert outcome.error is not None
    info = error_info(outcome.error, run.outcome.owner)
    assert (info.node, info.path) == ("inner", ["outer", "middle", "inner"])
    assert (info.file, info.line) == (HERE, fails.__code__.co_firstlineno + 1)
    assert info.source == 'raise ValueError(len("api_key=[redacted]"))'


def test_a_long_line_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "long.py"
    file.write_text(f"1 / 0  # {'x' * 200}")
    with pytest.raises(ZeroDivisionError) as raised:
        runpy.run_path(str(file))
    info = error_info(raised.value)
    assert (info.file, info.line, info.source) == (str(file), 1, UNSET)


def test_words_around_a_stop_iteration_are_kept() -> None:
    error = RuntimeError("no rows")
    error.__cause__ = StopIteration()
    assert classify(error, DB).message == "The node db failed: RuntimeError: no rows"


def raising(error: Exception) -> Callable[[], object]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError("query took longer than 5 s"), "TimeoutError: query took longer than 5 s"),
        (ConnectionRefusedError(111, "no"), "ConnectionRefusedError: [Errno 111] no"),
        (ConnectionError("the database went away"), "ConnectionError: the database went away"),
        (HTTPError("weather API: bad token"), "HTTPError: weather API: bad token"),
        (NotFoundError("no such city"), "NotFoundError: no such city"),
        (OSError(errno.EMFILE, "Too many"), f"OSError: [Errno {errno.EMFILE}] Too many"),
        (RuntimeError("maximum context length is 1"), "RuntimeError: maximum context length is 1"),
        (json.JSONDecodeError("Expecting value", "x", 0), "JSONDecodeError: Expecting value: line"),
    ],
)
def test_a_node_that_fails_is_the_agents_error_in_its_own_words(
    error: Exception, said: str
) -> None:
    """Not the model's server's, whatever its class, status or number says."""
    raised, _ = failing_node(raising(error))
    found = classify(raised, DB)
    assert type(found) is AgentError
    assert found.exit_code == 1
    assert found.message.startswith(f"The node db failed: {said}")
    info = error_info(raised, DB)
    assert (info.kind, info.type, info.node) == ("agent", type(error).__name__, "db")


def test_the_line_is_the_innermost_of_a_persons_own_code() -> None:
    """Where a library raises it, that is where they called it."""
    raised, line = failing_node(partial(json.loads, "{"))
    info = error_info(raised, DB)
    assert (info.file, info.line) == (HERE, line)


def test_a_file_elsewhere_is_named_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    raised, _ = failing_node(raising(ValueError("x")))
    assert error_info(raised, DB).file == str(Path(__file__))


def test_what_came_through_no_code_of_theirs_is_nowhere() -> None:
    raised, _ = failing_node(partial(json.loads, "{"))
    trace = raised.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    info = error_info(raised.with_traceback(trace), DB)
    assert (info.file, info.line) == ("", None)


def test_what_was_never_raised_is_nowhere() -> None:
    info = error_info(ValueError("x"), DB)
    assert info.message == "The node db failed: ValueError: x"
    assert (info.node, info.file, info.line) == ("db", "", None)


def test_a_node_that_ends_the_program_is_reported() -> None:
    error = classify(SystemExit(3), DB)
    assert type(error) is AgentError
    assert error.message == "The node db tried to end the program (exit code 3)."


def test_a_tool_that_fails_has_file_and_line_too() -> None:
    with pytest.raises(ValueError, match="x") as raised:
        raising(ValueError("x"))()
    info = error_info(raised.value, Owner("tool", "shaky"))
    assert (info.kind, info.node, info.file) == ("tool", "", HERE)
    assert isinstance(info.line, int)


@pytest.mark.parametrize(
    ("owner", "said"),
    [(Owner("node"), "The agent failed: KeyError."), (Owner("tool"), "A tool failed: KeyError.")],
)
def test_what_has_no_name_is_reported_without_one(owner: Owner, said: str) -> None:
    assert classify(KeyError(), owner).message == said


def test_a_models_error_has_no_line_of_the_agent() -> None:
    raised, _ = failing_node(raising(ValueError("x")))
    info = error_info(raised, Owner("model", "gpt"))
    assert (info.kind, info.node, info.file, info.line) == ("model", "", "", None)


def test_a_tools_error_is_a_tool_error_whatever_its_status() -> None:
    assert type(classify(HTTPError("no"), Owner("tool", "shaky"))) is ToolError
