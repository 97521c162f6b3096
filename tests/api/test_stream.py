"""`catagent.stream`: framed, filtered, masked, kept; paced by its reader and cancelled with it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, assert_type

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

import catagent
from catagent.agents.cat import make_tools
from catagent.config import Mode
from tests.support.agents import MODES, QUESTION, SHAPES, build, chat_model
from tests.support.fakes import Counted, calling_agent
from tests.support.scripts import cat, endless, saying
from tests.support.server import ScriptedServer
from tests.support.waiting import async_wait_until

ECHO: RunnableLambda[Any, str] = RunnableLambda(lambda given: f"{given}!", name="echo")


@tool
def look(where: str) -> str:
    """Look somewhere."""
    return f"a cat {where}"


async def collect(agent: Any, given: Any, **options: Any) -> list[Any]:
    """All events of one run."""
    return [event async for event in catagent.stream(agent, given, **options)]


def collected(agent: Any, given: Any = "where?", **options: Any) -> list[Any]:
    return asyncio.run(collect(agent, given, **options))


@contextlib.asynccontextmanager
async def cat_agent(url: str) -> AsyncIterator[Any]:
    """The cat agent on a server."""
    async with chat_model(url) as model:
        yield build("graph", model, make_tools(model)).runnable


def assert_framed(events: list[Any]) -> None:
    """One run: started first, finished last, numbered in order, every event its own."""
    assert isinstance(events[0], catagent.RunStarted)
    assert isinstance(events[-1], catagent.RunFinished)
    assert not any(isinstance(event, catagent.RunFinished) for event in events[:-1])
    numbers = [event.seq for event in events]
    assert numbers == sorted(set(numbers))
    assert all(event.ts for event in events)
    assert {event.parent_ids[0] if event.parent_ids else event.run_id for event in events} == {
        events[0].run_id
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_is_framed_in_every_mode(mode: Mode, shape: Any) -> None:
    async def main(url: str) -> list[Any]:
        async with chat_model(url) as model:
            agent = build(shape, model, make_tools(model)).runnable
            return await collect(agent, QUESTION, mode=mode)

    with ScriptedServer(cat()) as server:
        events = asyncio.run(main(server.url))
    assert_framed(events)
    assert events[0].data.mode == mode
    assert events[0].data.input == QUESTION
    assert events[-1].data.status == "success"
    assert [event.data.tool for event in events if isinstance(event, catagent.Action)]


def test_the_iterator_has_the_types_of_the_events() -> None:
    async def main() -> None:
        async for event in catagent.stream(ECHO, "hello"):
            assert_type(event, catagent.Event)
            if isinstance(event, catagent.RunFinished):
                assert_type(event.data.output, str | None)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("agent", "given", "output"),
    [
        (ECHO, "hello", "hello!"),
        (RunnableLambda(lambda given: given["a"] * 2), {"a": "b"}, "bb"),
        (calling_agent(look, where="here"), "where?", "It is here."),
        (calling_agent(look, where="here"), {"messages": [HumanMessage("hi")]}, "It is here."),
    ],
)
def test_a_question_is_put_where_it_fits_and_an_input_is_passed(
    agent: Any, given: Any, output: str
) -> None:
    assert collected(agent, given)[-1].data.output == output


def graph() -> StateGraph[Any, Any, Any, Any]:
    """A graph that was not compiled, with one node."""
    made: StateGraph[Any, Any, Any, Any] = StateGraph(MessagesState)
    made.add_node("say", lambda state: {"messages": [("ai", state["messages"][-1].content * 2)]})
    made.add_edge(START, "say")
    made.add_edge("say", END)
    return made


def test_a_graph_need_not_be_compiled() -> None:
    assert collected(graph(), "ab")[-1].data.output == "abab"


def test_config_is_kept_and_names_run_and_thread() -> None:
    seen = []

    class Seen(BaseCallbackHandler):
        def on_chain_start(self, *_: Any, **about: Any) -> None:
            seen.append((about["run_id"], about["tags"]))

    compiled = graph().compile(checkpointer=InMemorySaver())
    config: RunnableConfig = {
        "callbacks": [Seen()],
        "tags": ["mine"],
        "run_name": "named",
        "configurable": {"thread_id": "t1"},
    }
    first, again = (collected(compiled, "ab", config=config) for _ in range(2))
    assert (first[0].data.agent, first[0].data.thread_id) == ("named", "t1")
    assert str(seen[0][0]) == first[0].run_id != again[0].run_id
    assert seen[0][1] == ["mine"]
    assert len(compiled.get_state({"configurable": {"thread_id": "t1"}}).values["messages"]) == 4


@pytest.mark.parametrize("config", [None, {}, {"configurable": None}])
def test_a_checkpointer_needs_no_thread_of_the_callers(config: Any) -> None:
    events = collected(graph().compile(checkpointer=InMemorySaver()), config=config)
    assert events[-1].data.status == "success"
    assert events[0].data.thread_id == events[0].run_id


def test_a_command_is_an_input() -> None:
    events = collected(graph().compile(), Command(update={"messages": [("human", "ab")]}))
    assert events[-1].data.status == "success"


def test_a_graph_that_waits_is_answered_with_a_command() -> None:
    waiting: StateGraph[Any, Any, Any, Any] = StateGraph(MessagesState)
    waiting.add_node("say", lambda _: {"messages": [("ai", interrupt("sure?"))]})
    waiting.add_edge(START, "say")
    compiled = waiting.compile(checkpointer=InMemorySaver())
    thread: RunnableConfig = {"configurable": {"thread_id": "t1"}}
    paused = collected(compiled, "hi", config=thread)
    (pause,) = (event for event in paused if isinstance(event, catagent.Interrupt))
    assert (pause.data.value, paused[-1].data.status) == ("sure?", "interrupted")
    resumed = collected(compiled, Command(resume="yes"), config=thread)
    assert (resumed[-1].data.status, resumed[-1].data.output) == ("success", "yes")


def test_filters_leave_numbers_as_they_are() -> None:
    filters = catagent.Filters(include_types=("tool",))
    events = collected(calling_agent(look, where="here"), filters=filters)
    assert_framed(events)
    assert not any(isinstance(event, catagent.LlmStarted) for event in events)
    assert events[0].data.filters == {"include_types": ["tool"]}
    assert events[1].seq > 1


@pytest.mark.parametrize("secrets", [["given-secret"], "given-secret"])
def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, secrets: Any) -> None:
    monkeypatch.setenv("SOME_API_KEY", "environment-secret")
    events = collected(ECHO, "environment-secret or given-secret", secrets=secrets)
    text = b"".join(map(catagent.encode, events)).decode()
    assert "secret" not in text
    assert events[-1].data.output == "[redacted] or [redacted]!"


def test_raw_objects_come_when_they_are_asked_for() -> None:
    assert any(event.raw for event in collected(ECHO, raw=True) if hasattr(event, "raw"))


def test_a_recording_has_what_was_filtered_too(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    filters = catagent.Filters(exclude_types=("tool",))
    events = collected(calling_agent(look, where="here"), filters=filters, record=path)
    kept = list(catagent.read(path))
    assert len(kept) > len(events)
    assert [catagent.encode(event) for event in events] == [
        catagent.encode(event) for event in kept if event.seq in {event.seq for event in events}
    ]


def test_what_the_agent_raises_is_in_the_last_event() -> None:
    def fail(_: Any) -> str:
        raise ValueError("no such cat")

    events = collected(RunnableLambda(fail))
    assert_framed(events)
    assert events[-1].data.status == "error"
    assert "no such cat" in events[-1].data.error.message


def test_limits_are_those_of_the_command_line() -> None:
    async def main(url: str, **options: Any) -> Any:
        async with cat_agent(url) as agent:
            return (await collect(agent, QUESTION, **options))[-1].data

    with ScriptedServer(endless()) as server:
        assert asyncio.run(main(server.url, max_steps=2)).status == "limit"
    with ScriptedServer(saying(*"abc", pause=60)) as server:
        assert asyncio.run(main(server.url, timeout=0.2)).exit_code == 124
        assert "silent" in asyncio.run(main(server.url, idle_timeout=0.2)).error.message


TWO_INPUTS = ChatPromptTemplate.from_template("{left} or {right}")


@pytest.mark.parametrize(
    ("agent", "options", "message"),
    [
        ("not an agent", {}, "the agent is an object of class str, which cannot be run"),
        (TWO_INPUTS, {}, "takes left: str, right: str"),
        (ECHO, {"mode": "quick"}, "mode from the call is 'quick'"),
        (ECHO, {"timeout": -1}, "timeout from the call is -1: it is a number, 0 or more"),
        (ECHO, {"idle_timeout": math.nan}, "idle_timeout from the call is nan: it is a number, 0"),
        (ECHO, {"max_steps": 0}, "max_steps from the call is 0: it is a whole number, 1 or more"),
        (ECHO, {"filters": {"include_types": ["tool"]}}, "filters from the call is of type dict"),
        (ECHO, {"config": "x"}, "config from the call is of type str"),
    ],
)
def test_what_cannot_be_run_raises_before_the_first_event(
    agent: Any, options: Any, message: str
) -> None:
    with pytest.raises(catagent.UsageError, match=message):
        collected(agent, **options)


def test_a_recording_that_cannot_be_made_raises_before_the_first_event(tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").touch()
    with pytest.raises(catagent.OutputError, match="exists already"):
        collected(ECHO, record=tmp_path / "there.jsonl")


@pytest.mark.parametrize("mode", MODES)
def test_the_agent_waits_for_a_slow_reader(mode: Mode) -> None:
    async def main() -> int:
        model, read, furthest = Counted(), 0, 0
        agent = create_agent(model, [])
        async for event in catagent.stream(agent, "go", mode=mode):
            if isinstance(event, catagent.LlmToken):
                read += 1
                furthest = max(furthest, model.written - read)
                await asyncio.sleep(0)
        assert read == (0 if mode == "steps" else model.words)
        return furthest

    assert asyncio.run(main()) < 10


def test_a_slow_reader_is_not_a_silent_model() -> None:
    async def main() -> Any:
        agent = create_agent(Counted(words=2), [])
        async for event in catagent.stream(agent, "go", idle_timeout=0.1):
            if isinstance(event, catagent.LlmToken):
                await asyncio.sleep(0.3)
        return event

    assert asyncio.run(main()).data.status == "success"


async def read_and_close(events: AsyncGenerator[catagent.Event, None], asked: list[Any]) -> None:
    async with contextlib.aclosing(events):
        async for _ in events:
            if asked:
                break
    assert [event async for event in events] == []


async def read_and_break(events: AsyncGenerator[catagent.Event, None], asked: list[Any]) -> None:
    async for _ in events:
        if asked:
            break


async def read_until_cancelled(
    events: AsyncGenerator[catagent.Event, None], asked: list[Any]
) -> None:
    async def read() -> None:
        async for _ in events:
            pass

    reading = asyncio.create_task(read())
    await async_wait_until(lambda: len(asked) > 0)
    reading.cancel()
    await asyncio.wait((reading,))


@pytest.mark.parametrize(
    ("mode", "read"),
    [
        *((mode, read_until_cancelled) for mode in MODES),
        *((mode, read) for mode in ("log", "events") for read in (read_and_close, read_and_break)),
    ],
)
def test_a_reader_who_leaves_takes_the_run_along(mode: Mode, read: Any, tmp_path: Path) -> None:
    """Nothing of it is left: no socket, no task; the recording is whole, and says so."""
    path = tmp_path / "run.jsonl"

    async def main(server: ScriptedServer) -> None:
        async with cat_agent(server.url) as agent:
            events = catagent.stream(agent, QUESTION, mode=mode, record=path)
            await read(events, server.requests)
            del events
            await async_wait_until(lambda: len(asyncio.all_tasks()) == 1)
        assert await asyncio.to_thread(server.wait_closed)
        assert server.requests[0].closed_at is not None

    with ScriptedServer(saying("a ", "b ", *"c" * 1000, pace=0.05)) as server:
        asyncio.run(main(server))
    *_, last = catagent.read(path)
    assert isinstance(last, catagent.RunFinished)
    assert (last.data.status, last.data.exit_code) == ("cancelled", 130)


def test_runs_at_once_keep_their_events_apart() -> None:
    async def main(url: str) -> list[list[Any]]:
        async with chat_model(url) as model:
            agents = [build("graph", model, make_tools(model)).runnable for _ in range(5)]
            return await asyncio.gather(*(collect(agent, QUESTION) for agent in agents))

    with ScriptedServer(cat(tokens=20, pace=0.001)) as server:
        runs = asyncio.run(main(server.url))
    for events in runs:
        assert_framed(events)
        assert events[-1].data.status == "success"
    assert len({events[0].run_id for events in runs}) == len(runs)
    assert len({len(events) for events in runs}) == 1


@pytest.mark.parametrize("passes_config", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_tool_may_stream_a_run_of_its_own(mode: Mode, passes_config: bool) -> None:
    inner_events: list[Any] = []

    @tool
    async def research(topic: str, config: RunnableConfig) -> str:
        """Ask another agent."""
        given = {"callbacks": config["callbacks"]} if passes_config else None
        inner = create_agent(Counted(words=3), [], name="inner")
        async for event in catagent.stream(inner, topic, config=given):  # type: ignore[arg-type]
            inner_events.append(event)
        return str(inner_events[-1].data.output)

    events = collected(calling_agent(research, topic="cats"), mode=mode)
    assert_framed(events)
    assert_framed(inner_events)
    assert (events[-1].data.output, inner_events[-1].data.output) == ("It is here.", "w0 w1 w2 ")
    inside = [e for e in events if isinstance(e, catagent.LlmToken) and e.tool_call_id == "c1"]
    assert len(inside) == (0 if mode == "steps" else 3)


def test_nothing_of_the_program_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No .env is read, no file written, no signal watched, nothing printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATAGENT_HOME", str(tmp_path / "home"))
    (tmp_path / ".env").write_text("CATAGENT_MODE=steps\nOPENAI_API_KEY=from-dotenv\n")
    handlers: list[Any] = []

    async def main() -> None:
        async for event in catagent.stream(ECHO, "from-dotenv"):
            handlers.append(signal.getsignal(signal.SIGTERM))
            if isinstance(event, catagent.RunStarted):
                assert (event.data.mode, event.data.input) == ("events", "from-dotenv")

    asyncio.run(main())
    assert set(handlers) == {signal.getsignal(signal.SIGTERM)}
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
    assert capfd.readouterr() == ("", "")
