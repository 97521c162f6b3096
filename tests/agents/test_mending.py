"""A turn that was cut or failed, and the next one, on a server that is as strict as OpenAI's."""

from __future__ import annotations

import asyncio
import contextlib
import operator
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from pydantic import BaseModel

from catagent.agents.driver.inputs import input_of
from catagent.agents.driver.mending import mended
from tests.support.agents import chat_model
from tests.support.replies import Call, Reply, failing
from tests.support.server import Request, ScriptedServer
from tests.support.strict import strict
from tests.support.waiting import async_wait_until, wait_until

STOPPED = "The turn was stopped before this tool returned."
CONFIG: Any = {"configurable": {"thread_id": "t"}}
HELD, KEPT = threading.Event(), threading.Event()  # each test has a loop of its own


@tool
async def quick() -> str:
    """Return at once."""
    return "quickly"


@tool
async def slow() -> str:
    """Say that it has begun, and never return."""
    HELD.set()
    await asyncio.Event().wait()
    return ""


@tool
async def broken() -> str:
    """Raise, after the others."""
    await async_wait_until(KEPT.is_set)
    raise RuntimeError("broken")


def calling(*names: str) -> Callable[[Request], Reply]:
    """The first turn calls these tools at once, or fails for none; the second is answered."""

    def script(request: Request) -> Reply:
        if request.prompt == "again":
            return Reply(("an ", "answer"))
        calls = [Call(name, id=f"call_{name}") for name in names]
        return Reply(calls=calls) if calls else failing(500)

    return strict(script)


async def cut(graph: Any, given: Any, kept: str = "", **options: Any) -> None:
    """Run it, and cancel it as Ctrl-C does where `slow` has begun and what is `kept` is written."""
    HELD.clear()
    KEPT.clear()
    turn = asyncio.create_task(graph.ainvoke(given, {**CONFIG, **options}))
    await async_wait_until(lambda: turn.done() or kept in repr(graph.get_state(CONFIG).tasks))
    KEPT.set()
    await async_wait_until(lambda: turn.done() or HELD.is_set())
    turn.cancel()
    with contextlib.suppress(Exception, asyncio.CancelledError):
        await turn


async def ask(graph: Any, question: str) -> Any:
    given = await mended(graph, CONFIG, input_of(graph, "agent", question))
    return (await graph.ainvoke(given, CONFIG))["messages"][-1].text


@pytest.mark.parametrize(
    ("calls", "options", "results"),
    [
        (("slow",), {}, [STOPPED]),
        (("quick", "slow"), {}, ["quickly", STOPPED]),
        (("slow", "quick"), {}, ["quickly", STOPPED]),
        (("quick", "broken"), {}, ["quickly", STOPPED]),
        (("quick",), {"recursion_limit": 1}, [STOPPED]),
        (("quick",), {"waits": True}, [STOPPED]),
        ((), {}, []),
    ],
    ids=["cut", "one of two cut", "the other", "raised", "limit", "waited", "model failed"],
)
def test_the_turn_after_one_that_was_cut_or_failed_works(
    calls: tuple[str, ...], options: dict[str, Any], results: list[str]
) -> None:
    waits = options.pop("waits", False)
    asks = [HumanInTheLoopMiddleware(interrupt_on={"quick": True})] if waits else []

    async def scenario(url: str) -> None:
        async with chat_model(url) as model:
            tools = [quick, slow, broken]
            graph = create_agent(model, tools, middleware=asks, checkpointer=InMemorySaver())
            kept = "quickly" if "quickly" in results else ""
            await cut(graph, {"messages": [("user", "a question")]}, kept, **options)
            assert await ask(graph, "again") == "an answer"
            assert await ask(graph, "again") == "an answer"

    with ScriptedServer(calling(*calls)) as server:
        asyncio.run(scenario(server.url))
    messages = server.requests[-2].messages
    assert [m["content"] for m in messages if m["role"] == "tool"] == results
    assert [m["content"] for m in messages if m["role"] == "user"] == ["a question", "again"]


CALLS: list[Any] = [{"name": "quick", "args": {}, "id": each} for each in ("c1", "c2")]


class Adding(TypedDict):
    """Messages under a key of their own, and a question that is none."""

    question: str
    chat_history: Annotated[list[Any], operator.add]


class Question(TypedDict):
    """An input without messages."""

    question: str


class Model(BaseModel):
    """A state that is made and checked by Pydantic."""

    messages: Annotated[list[Any], add_messages]


class More(MessagesState):
    """Messages, and more."""

    topic: str


class Replaced(TypedDict):
    """Messages that every input takes the place of."""

    messages: list[Any]


def open_graph(state: Any, key: str, checkpointer: Any, **options: Any) -> Any:
    """A graph that calls two tools in its first turn, has one result, and fails; then is done."""
    said = iter([AIMessage("", tool_calls=CALLS), AIMessage("done")])

    def calls(state: Any) -> Any:
        messages = state[key] if isinstance(state, dict) else getattr(state, key)
        return messages[-1].tool_calls

    def decide(_: Any) -> Any:
        return {key: [next(said)]}

    def act(state: Any) -> Any:
        if calls(state):
            raise RuntimeError("broken")

    def found(state: Any) -> Any:
        return {key: [ToolMessage("found", tool_call_id="c1")]} if calls(state) else None

    graph: Any = StateGraph(state, **options)
    graph.add_node(decide).add_node(act).add_node(found)
    graph.add_edge(START, "decide").add_edge("decide", "act").add_edge("decide", "found")
    return graph.compile(checkpointer=checkpointer)


async def in_two_turns(graph: Any, key: str, invoke: Any) -> list[str]:
    """The messages after a turn that failed and one that did not: ids of results, else types."""
    with pytest.raises(RuntimeError, match="broken"):
        await invoke(input_of(graph, "agent", "a question"), CONFIG)
    given = await mended(graph, CONFIG, input_of(graph, "agent", "again"))
    messages = (await invoke(given, CONFIG))[key]
    return [getattr(each, "tool_call_id", each.type) for each in messages]


CLOSED = ["ai", "c1", "c2", "ai"]


@pytest.mark.parametrize(
    ("state", "key", "options", "expected"),
    [
        (MessagesState, "messages", {}, ["human", "ai", "c1", "c2", "human", "ai"]),
        (More, "messages", {}, ["human", "ai", "c1", "c2", "human", "ai"]),
        (Model, "messages", {}, ["human", "ai", "c1", "c2", "human", "ai"]),
        (Adding, "chat_history", {}, CLOSED),
        (Adding, "chat_history", {"input_schema": Question}, CLOSED),
        (Replaced, "messages", {}, ["ai"]),
    ],
    ids=["messages", "subclass", "pydantic", "another key", "no key of the input", "replaced"],
)
def test_calls_in_any_state_are_closed(
    state: Any, key: str, options: dict[str, Any], expected: list[str]
) -> None:
    graph = open_graph(state, key, InMemorySaver(), **options)
    assert asyncio.run(in_two_turns(graph, key, graph.ainvoke)) == expected


def test_any_checkpointer_is_read(tmp_path: Path) -> None:
    async def synchronous(path: str) -> list[str]:
        with SqliteSaver.from_conn_string(path) as saver:
            graph = open_graph(MessagesState, "messages", saver)
            invoke = partial(asyncio.to_thread, graph.invoke)
            return await in_two_turns(graph, "messages", invoke)

    async def asynchronous(path: str) -> list[str]:
        async with AsyncSqliteSaver.from_conn_string(path) as saver:
            graph = open_graph(MessagesState, "messages", saver)
            return await in_two_turns(graph, "messages", graph.ainvoke)

    for number, scenario in enumerate((synchronous, asynchronous)):
        assert asyncio.run(scenario(str(tmp_path / f"{number}"))).count("c2") == 1


def one_node(state: Any, function: Callable[[Any], Any], **options: Any) -> Any:
    graph: Any = StateGraph(state)
    return graph.add_node("node", function).add_edge(START, "node").compile(**options)


def test_what_leaves_nothing_open_gets_its_input_as_it_is() -> None:
    given = {"question": "again"}
    without = one_node(Question, lambda state: state, checkpointer=InMemorySaver())
    without.invoke(given, CONFIG)
    forgetful = one_node(MessagesState, lambda state: None)
    for agent in (without, forgetful, RunnableLambda(lambda question: question)):
        assert asyncio.run(mended(agent, CONFIG, given)) == given


def test_ids_that_repeat_are_told_apart() -> None:
    once = [AIMessage("", tool_calls=CALLS[:1]), ToolMessage("found", tool_call_id="c1")]
    broken = AIMessage(
        "", invalid_tool_calls=[{"name": "quick", "args": "{", "id": "c3", "error": None}]
    )
    agent = one_node(MessagesState, lambda state: None, checkpointer=InMemorySaver())
    agent.invoke({"messages": [*once, once[0].model_copy(), broken]}, CONFIG)
    given = asyncio.run(mended(agent, CONFIG, {"messages": HumanMessage("again")}))
    assert [m.tool_call_id for m in given["messages"][:-1]] == ["c1", "c3"]


HANGING = """
import asyncio, sys
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph

CONFIG = {"configurable": {"thread_id": "t"}}
CALLS = [{"name": "quick", "args": {}, "id": each} for each in ("c1", "c2")]

def decide(state):
    return {"messages": [AIMessage("", tool_calls=CALLS)]}

def quick(state):
    return {"messages": [ToolMessage("quickly", tool_call_id="c1")]}

async def slow(state):
    await asyncio.Event().wait()

def made(saver):
    graph = StateGraph(MessagesState).add_node(decide).add_node(quick).add_node(slow)
    graph.add_edge(START, "decide").add_edge("decide", "quick").add_edge("decide", "slow")
    return graph.compile(checkpointer=saver)

async def main(path):
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        await made(saver).ainvoke({"messages": [("user", "a question")]}, CONFIG)

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
"""


_KEPT = """
SELECT 1 FROM writes JOIN checkpoints USING (thread_id, checkpoint_ns, checkpoint_id)
WHERE instr(value, ?)
"""


def _is_kept(path: str, text: str) -> bool:
    """Whether a step has written this, and the checkpoint that it began from is there."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        try:
            return database.execute(_KEPT, [text]).fetchone() is not None
        except sqlite3.OperationalError:  # nothing yet
            return False


def test_a_process_killed_in_a_tool_leaves_what_it_had_done(tmp_path: Path) -> None:
    path, names = str(tmp_path / "thread.sqlite"), dict[str, Any]()
    exec(HANGING, names)  # noqa: S102

    async def messages() -> Any:
        async with AsyncSqliteSaver.from_conn_string(path) as saver:
            graph = names["made"](saver)
            return (await mended(graph, CONFIG, input_of(graph, "agent", "again")))["messages"]

    with subprocess.Popen([sys.executable, "-c", HANGING, path]) as process:
        wait_until(lambda: _is_kept(path, "quickly"))
        process.send_signal(signal.SIGKILL)
    assert [each.content for each in asyncio.run(messages())] == ["quickly", STOPPED, "again"]
