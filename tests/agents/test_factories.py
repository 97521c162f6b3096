"""Factories of agents: what they are given, and that what they hold is open for the run alone."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catagent.errors import ExitCode
from catagent.events import types as ev
from tests.support.asked import heard, run_of

pytestmark = pytest.mark.versions

MODULE = """
import asyncio
import contextlib
import threading
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_sdk.runtime import ServerRuntime

steps = []
homes = set()
began = asyncio.Event()

def here(what):
    steps.append(what)
    homes.add(asyncio.current_task())

def say(text):
    if "fail" in text:
        raise ValueError("it failed")
    return f"{text} while {steps[-1]}"

echo = RunnableLambda(say)

@contextlib.asynccontextmanager
async def held():
    here("open")
    await asyncio.sleep(0)
    try:
        yield echo
    finally:
        await asyncio.sleep(0)
        here("closed")

@contextlib.contextmanager
def held_synchronously():
    here("open")
    try:
        yield echo
    finally:
        here("closed")

class Holder:
    async def __aenter__(self):
        here("open")
        return echo

    async def __aexit__(self, *raised):
        here("closed")

async def holding():
    return Holder()

holder = Holder()

@contextlib.asynccontextmanager
async def waiting():
    here("open")
    try:
        yield RunnableLambda(wait)
    finally:
        here("closed")

async def wait(text):
    began.set()
    await asyncio.sleep(60)

@contextlib.asynccontextmanager
async def hushing():
    with contextlib.suppress(Exception, asyncio.CancelledError):
        yield echo

@contextlib.asynccontextmanager
async def closing_badly():
    try:
        yield echo
    finally:
        raise OSError("it would not close")

async def asynchronous():
    return echo

def of_thread(config):
    return RunnableLambda(lambda text: list(config["configurable"]))

def of_annotation(given: RunnableConfig, more: "RunnableConfig | None" = None):
    return RunnableLambda(lambda text: [given == more, *given["configurable"]])

def of_runtime(runtime):
    runtime.store.put(("a",), "b", {"c": "stored"})
    found = runtime.store.get(("a",), "b").value["c"]
    return RunnableLambda(lambda text: [found, runtime.execution_runtime.context, runtime.user])

class Context:
    def __init__(self, endpoint="here"):
        self.endpoint = endpoint

def of_typed_runtime(given: ServerRuntime[Context]):
    return RunnableLambda(lambda text: given.execution_runtime.context.endpoint)

async def builder(config: RunnableConfig):
    return StateGraph(MessagesState).add_node("say", answer).add_edge(START, "say")

def answer(state):
    return {"messages": [("ai", "built")]}

def failing():
    raise LookupError("no database")

async def failing_later():
    raise ConnectionError("no server of tools")

@contextlib.asynccontextmanager
async def failing_to_open():
    raise LookupError("no database")
    yield echo

def wanting(database):
    return echo

def with_model(model):
    return RunnableLambda(lambda text: type(model).__name__)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A new module with all of these."""
    made = types.ModuleType("factories_for_test")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    exec(MODULE, made.__dict__)  # noqa: S102
    return made


def end_of(name: str, question: str = "where?") -> ev.RunFinishedData:
    (finished,) = heard(f"factories_for_test:{name}", question).of(ev.RunFinished)
    assert isinstance(finished, ev.RunFinished)
    return finished.data


HELD = ["held", "held_synchronously", "holding", "holder"]


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize(("question", "status"), [("where?", "success"), ("fail", "error")])
def test_what_an_agent_holds_is_open_for_its_run_on_its_loop(
    module: Any, name: str, question: str, status: str
) -> None:
    end = end_of(name, question)
    assert end.status == status
    assert module.steps == ["open", "closed"]
    assert len(module.homes) == 1, "MCP's sessions are closed in the task that opened them"
    if end.error is None:
        assert end.output == "where? while open"
    else:
        assert "it failed" in end.error.message


def test_what_an_agent_holds_is_closed_where_its_run_is_cancelled(module: Any) -> None:
    run = run_of("factories_for_test:waiting")

    async def scenario() -> ev.RunFinished:
        driven = asyncio.create_task(run.drive())
        await module.began.wait()
        run.session.cancel(ExitCode.INTERRUPTED)
        return await driven

    assert asyncio.run(scenario()).data.exit_code == ExitCode.INTERRUPTED
    assert module.steps == ["open", "closed"]


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("asynchronous", "where? while open"),
        ("of_thread", '["thread_id"]'),
        ("of_annotation", '[true,"thread_id"]'),
        ("of_runtime", '["stored",null,null]'),
        ("of_typed_runtime", "here"),
        ("builder", "built"),
        ("with_model", "StreamingChatOpenAI"),
    ],
)
def test_a_factory_gets_what_it_asks_for(module: Any, name: str, output: str) -> None:
    module.steps.append("open")
    end = end_of(name)
    assert end.error is None
    assert end.output == output


@pytest.mark.parametrize(
    ("name", "question", "code", "message"),
    [
        ("failing", "", 1, "The agent failed: LookupError: no database"),
        ("failing_later", "", 1, "The agent failed: ConnectionError: no server of tools"),
        ("failing_to_open", "", 1, "The agent failed: LookupError: no database"),
        ("hushing", "fail", 1, "The agent failed: ValueError: it failed"),
        ("closing_badly", "fail", 1, "The agent failed: ValueError: it failed"),
        ("closing_badly", "", 1, "The agent failed: OSError: it would not close"),
        ("wanting", "", 2, "wants an argument called 'database'"),
    ],
)
def test_what_goes_wrong_in_a_factory_is_the_agents(
    module: Any, name: str, question: str, code: int, message: str
) -> None:
    module.steps.append("open")
    end = end_of(name, question)
    assert end.error is not None
    assert end.exit_code == code
    assert message in end.error.message
