"""Models and tools that their agent gives up: closed at once, hung up on, waited for no more."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import adispatch_custom_event
from langchain_core.language_models import LLM
from langchain_core.outputs import GenerationChunk
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import tool

from catagent.agents.custom import fit
from catagent.config import Mode
from catagent.events import types as ev
from catagent.sources.base import AgentRun, Pulse
from catagent.sources.modes import open_source
from tests.support.agents import MODES, chat_model
from tests.support.matrix import in_turn
from tests.support.replies import Reply
from tests.support.server import ScriptedServer
from tests.support.waiting import async_wait_until

Model = Runnable[Any, Any]
Asked = Callable[[], Awaitable[None]]


class GiveUp(Protocol):
    """A function that asks a model, and gives it up."""

    __name__: str

    def __call__(self, model: Any, asked: Asked, /) -> Awaitable[None]: ...


kept: list[Any] = []
asked_texts: list[Any] = []


async def wait_for(model: Model, _: Asked) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(model.ainvoke("q"), 0.2)


async def timeout(model: Model, asked: Asked) -> None:
    """The exception, with its traceback, is kept."""
    try:
        async with until(asked):
            await model.ainvoke("q")
    except TimeoutError as error:
        kept.append(error)


@contextlib.asynccontextmanager
async def until(asked: Asked) -> AsyncIterator[None]:
    async def expire() -> None:
        await asked()
        scope.reschedule(0)

    async with asyncio.timeout(None) as scope:
        kept.append(asyncio.create_task(expire()))
        yield


async def cancel_scope(model: Model, asked: Asked) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(model.ainvoke, "q")
        await asked()
        group.cancel_scope.cancel()


async def failing_group(model: Model, asked: Asked) -> None:
    with contextlib.suppress(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            kept.append(group.create_task(as_coroutine(model.ainvoke("q"))))
            await asked()
            raise ValueError


async def as_coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


async def kept_task(model: Model, asked: Asked) -> None:
    task = asyncio.ensure_future(model.ainvoke("q"))
    kept.append(task)
    await asked()
    task.cancel()
    await asyncio.wait([task])


async def race(model: Model, asked: Asked) -> None:
    racers = [asyncio.ensure_future(model.ainvoke("q")), asyncio.ensure_future(asked())]
    _, losers = await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)
    for loser in losers:
        loser.cancel()
    await asyncio.wait(losers)


async def in_a_chain(model: Model, asked: Asked) -> None:
    await give_up(RunnableLambda(str) | model.with_retry() | RunnableLambda(str), asked)


async def give_up(model: Model, asked: Asked) -> None:
    with contextlib.suppress(TimeoutError):
        async with until(asked):
            await model.ainvoke("q")


async def in_an_agent(model: Any, asked: Asked) -> None:
    agent: Any = create_agent(model, [])
    await give_up(RunnableLambda(lambda q: {"messages": [("user", q)]}) | agent, asked)


async def in_a_tool(model: Model, asked: Asked) -> None:
    @tool
    async def ask(q: str) -> str:
        """Ask."""
        return str(await model.ainvoke(q))

    await give_up(ask, asked)


async def several(model: Model, asked: Asked) -> None:
    with contextlib.suppress(TimeoutError):
        async with until(asked):
            await model.abatch(["a", "b"])


async def break_off(model: Model, _: Asked) -> None:
    async for _ in model.astream("q"):
        break


async def drop_stream(model: Model, _: Asked) -> None:
    await anext(model.astream("q"))


async def stream_for(model: Model, asked: Asked) -> None:
    with contextlib.suppress(TimeoutError):
        async with until(asked):
            async for _ in model.astream("q"):
                pass


WHOLE = (
    wait_for,
    timeout,
    cancel_scope,
    failing_group,
    kept_task,
    race,
    in_a_chain,
    in_an_agent,
    in_a_tool,
    several,
)
STREAMS = (break_off, drop_stream, stream_for)


async def hold(model: Model, _: Asked) -> None:
    kept.append(model.astream("q"))
    await anext(kept[-1])


async def hold_chain(model: Model, _: Asked) -> None:
    kept.append((RunnableLambda(str) | model).astream("q"))
    await anext(kept[-1])


async def hold_in_thread(model: Model, _: Asked) -> None:
    def ask() -> None:
        kept.append(model.stream("q"))
        next(kept[-1])

    await asyncio.to_thread(ask)


HELD = (hold, hold_chain, hold_in_thread)


class Text(LLM):
    """A text-completion model that takes its time."""

    @property
    def _llm_type(self) -> str:
        return "text"

    def _call(self, *_: Any, **__: Any) -> str:
        raise NotImplementedError

    async def _acall(self, *_: Any, **__: Any) -> str:
        asked_texts.append(self)
        await asyncio.sleep(60)
        return "late"


class StreamedText(Text):
    """One that streams."""

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[GenerationChunk]:
        asked_texts.append(self)
        while True:
            yield GenerationChunk(text="word ")
            await asyncio.sleep(0.01)


def agent(way: GiveUp, model: Model, asked: Asked, pulse: Pulse, place: str) -> Any:
    """An agent that gives up what it asks, and goes on: then it tells whether any is awaited."""

    async def work(q: str) -> str:
        await way(model, asked)
        for _ in range(20):
            await asyncio.sleep(0)
        await adispatch_custom_event("went on", pulse.is_awaited)
        return q

    ask = tool("ask")(_documented(work))
    return RunnableLambda(work) if place == "chain" else RunnableLambda(ask.ainvoke)


def _documented(work: Any) -> Any:
    work.__doc__ = "Ask."
    return work


async def events_of(run: AgentRun, mode: Mode) -> list[ev.Event]:
    """The events of the run, those from the side among them."""
    events: list[ev.Event] = []
    run = AgentRun(run.runnable, run.input, run.shape, pulse=run.pulse, report=events.append)
    async for event in open_source(mode, run):
        events.append(event)
    kept.clear()
    asked_texts.clear()
    return events


async def given_up(
    way: GiveUp, model: Model, mode: Mode, place: str, server: ScriptedServer | None = None
) -> list[ev.Event]:
    pulse = Pulse()

    async def asked() -> None:
        await async_wait_until(lambda: bool(server.requests if server else asked_texts))

    run = fit(agent(way, model, asked, pulse, place), "q", {}, max_steps=5)
    return await events_of(AgentRun(run.runnable, run.input, run.shape, pulse=pulse), mode)


def assert_closed(events: list[ev.Event], mode: Mode) -> None:
    """Each model that was asked has one end, as given up, before the agent went on."""
    asked = [event.run_id for event in events if isinstance(event, ev.LlmStarted)]
    ends = [event for event in events if isinstance(event, ev.LlmFinished)]
    assert asked
    assert sorted(asked) == sorted(event.run_id for event in ends)
    for end in ends:
        assert end.data.error is not None
        assert end.data.error.type in ("Cancelled", "Stopped")
    went_on = next(event for event in events if isinstance(event, ev.Node) and is_sign(event))
    assert went_on.data.content is False
    if mode != "steps":  # which reports models once their step has ended
        assert events.index(went_on) > max(map(events.index, ends))


def is_sign(event: ev.Node) -> bool:
    return event.name == "went on" and event.data.kind == "custom"


def named(*ways: GiveUp) -> dict[str, GiveUp]:
    return {way.__name__: way for way in ways}


def cases(models: list[str], *ways: GiveUp) -> list[str]:
    return [f"{model} {name}" for model in models for name in named(*ways)]


BY_NAME = named(*WHOLE, *STREAMS, *HELD)
CHAT = cases(["whole", "streamed"], *WHOLE) + cases(["streamed"], *STREAMS)
# anyio cancels what LangChain reports of a text-completion model as well: that ends with its run.
TEXTS = [
    *cases(
        ["whole", "streamed"], *(way for way in WHOLE if way not in (in_an_agent, cancel_scope))
    ),
    *cases(["streamed"], *STREAMS),
]


@in_turn("case, mode", CHAT, MODES)
@pytest.mark.parametrize("place", ["tool", "chain"])
def test_a_chat_model_that_is_given_up_is_closed_and_hung_up_on(
    case: str, mode: Mode, place: str
) -> None:
    model_kind, way = case.split()

    async def scenario(server: ScriptedServer) -> None:
        async with chat_model(server.url, disable_streaming=model_kind == "whole") as model:
            assert_closed(await given_up(BY_NAME[way], model, mode, place, server), mode)
            await async_wait_until(lambda: all(each.closed_at for each in server.requests))

    with ScriptedServer(lambda _: Reply(("word ",) * 10_000, pace=0.01)) as server:
        asyncio.run(scenario(server))


@in_turn("case, mode", TEXTS, MODES)
def test_a_text_completion_model_that_is_given_up_is_closed(case: str, mode: Mode) -> None:
    model_kind, way = case.split()
    model = Text() if model_kind == "whole" else StreamedText()
    assert_closed(asyncio.run(given_up(BY_NAME[way], model, mode, "tool")), mode)


@in_turn("way, mode", named(*HELD), MODES)
def test_a_stream_that_is_held_on_to_is_not_waited_for_and_is_closed_with_its_run(
    way: str, mode: Mode
) -> None:
    async def scenario(server: ScriptedServer) -> None:
        async with chat_model(server.url) as model:
            events = await given_up(BY_NAME[way], model, mode, "tool")
            assert_signs_off(events)
            await async_wait_until(lambda: all(each.closed_at for each in server.requests))

    with ScriptedServer(lambda _: Reply(("word ",) * 10_000, pace=0.01)) as server:
        asyncio.run(scenario(server))


@pytest.mark.parametrize("mode", MODES)
def test_a_model_in_a_thread_is_not_waited_for_once_its_tool_has_given_it_up(mode: Mode) -> None:
    over = threading.Event()

    class InThread(Text):
        def _call(self, *_: Any, **__: Any) -> str:
            over.wait(60)
            return "late"

    async def work(q: str) -> str:
        """Ask."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(InThread().invoke, q), 0.2)
        return "given up"

    async def scenario() -> list[ev.Event]:
        pulse = Pulse()

        async def go_on(q: str) -> str:
            await adispatch_custom_event("went on", pulse.is_awaited)
            over.set()
            return q

        run = fit(RunnableLambda(tool("ask")(work).ainvoke) | go_on, "q", {}, max_steps=5)
        return await events_of(AgentRun(run.runnable, run.input, run.shape, pulse=pulse), mode)

    assert_signs_off(asyncio.run(scenario()), may_be_late=True)


def assert_signs_off(events: list[ev.Event], *, may_be_late: bool = False) -> None:
    """The agent went on with no model awaited, and the model has one end."""
    assert [
        event.data.content for event in events if isinstance(event, ev.Node) and is_sign(event)
    ] == [False]
    asked = [event.run_id for event in events if isinstance(event, ev.LlmStarted)]
    ends = [event for event in events if isinstance(event, ev.LlmFinished)]
    assert asked == [event.run_id for event in ends]
    if not may_be_late:
        assert [end.data.error and end.data.error.type for end in ends] == ["Cancelled"]
