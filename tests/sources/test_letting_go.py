"""A source that is closed or cancelled lets go at once: no task, no thread, no socket left."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool, tool

from catagent.agents.cat import make_tools
from catagent.config import Mode
from catagent.sources.base import AgentShape
from catagent.sources.modes import open_source
from tests.support import scripts
from tests.support.agents import (
    MODES,
    SHAPES,
    Outcome,
    ToolMaker,
    build,
    chat_model,
    collect,
    nesting_tools,
    sync_tools,
)
from tests.support.patience import prompt
from tests.support.replies import Call, Reply
from tests.support.server import Request, ScriptedServer
from tests.support.waiting import async_wait_until

modes = pytest.mark.parametrize("mode", MODES)
shapes = pytest.mark.parametrize("shape", SHAPES)
LIMIT_S = 1


def in_items(server: ScriptedServer) -> bool:
    """Whether the model inside get_items has been asked."""
    return any(scripts.target(request) == "items" for request in server.requests)


async def cancel(task: asyncio.Task[Outcome]) -> None:
    """Cancel it, and return when it has ended."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@modes
@shapes
@pytest.mark.parametrize("tools", [make_tools, sync_tools])
def test_cancelling_stops_the_agent_and_closes_its_sockets(
    mode: Mode, shape: AgentShape, tools: ToolMaker
) -> None:
    async def scenario(server: ScriptedServer) -> None:
        async with chat_model(server.url) as model:
            before = asyncio.all_tasks()

            run = build(shape, model, tools(model))
            task = asyncio.create_task(collect(mode, run))
            await async_wait_until(lambda: in_items(server))
            await asyncio.sleep(0.05)
            began = time.monotonic()
            await cancel(task)
            await async_wait_until(lambda: server.requests[-1].closed_at is not None)
            assert prompt(began, LIMIT_S)
            asked = len(server.requests)
            await asyncio.sleep(0.1)
            assert len(server.requests) == asked
            assert asyncio.all_tasks() == before

    with ScriptedServer(scripts.cat(100_000, pace=0.01)) as server:
        asyncio.run(scenario(server))


@modes
@shapes
def test_closing_early_stops_the_agent(mode: Mode, shape: AgentShape) -> None:
    async def scenario(server: ScriptedServer) -> None:
        async with chat_model(server.url) as model:
            before = asyncio.all_tasks()
            source = open_source(mode, build(shape, model, make_tools(model)))
            async for _ in source:
                break
            began = time.monotonic()
            await source.aclose()
            assert prompt(began, LIMIT_S)
            # LangChain leaves a generator of its own to the garbage collector: one more turn.
            await async_wait_until(lambda: asyncio.all_tasks() == before)
            asked = len(server.requests)
            await asyncio.sleep(0.1)
            assert len(server.requests) == asked

    with ScriptedServer(scripts.cat(1000, pace=0.01)) as server:
        asyncio.run(scenario(server))


@modes
def test_cancelling_reaches_nested_agents(mode: Mode) -> None:
    def script(request: Request) -> Reply:
        if "research" in request.tools:
            return Reply(calls=[Call.of("research", "call_r", topic="x")])
        return scripts.cat(100_000, pace=0.01)(request)

    async def scenario(server: ScriptedServer) -> None:
        async with chat_model(server.url) as model:
            task = asyncio.create_task(collect(mode, build("graph", model, nesting_tools(model))))
            await async_wait_until(lambda: in_items(server))
            began = time.monotonic()
            await cancel(task)
            await async_wait_until(lambda: server.requests[-1].closed_at is not None)
            assert prompt(began, LIMIT_S)

    with ScriptedServer(script) as server:
        asyncio.run(scenario(server))


def test_many_runs_add_no_threads() -> None:
    async def scenario(server: ScriptedServer) -> None:
        async with chat_model(server.url) as model:
            counts = set()
            for mode in MODES * 5:
                async for _ in open_source(mode, build("graph", model, make_tools(model))):
                    pass
                counts.add(threading.active_count())
            # The loop's own executor keeps one thread once something used it.
            assert len(counts) <= 2

    with ScriptedServer(scripts.cat(2)) as server:
        asyncio.run(scenario(server))


@modes
@shapes
def test_a_failed_run_leaves_no_parallel_tool_running(mode: Mode, shape: AgentShape) -> None:
    @tool
    async def get_items(place: str) -> str:
        """Get items."""
        if place == "bad":
            await asyncio.sleep(0.05)
            raise ValueError("bad place")
        await asyncio.sleep(60)
        return "never"

    async def scenario(server: ScriptedServer) -> None:
        async with chat_model(server.url) as model:
            before = asyncio.all_tasks()
            outcome = await collect(mode, build(shape, model, [get_items]))
            assert isinstance(outcome.error, ValueError)
            await async_wait_until(lambda: asyncio.all_tasks() == before)

    calls = [Call.of("get_items", f"call_{place}", place=place) for place in ("good", "bad")]
    with ScriptedServer(scripts.calling(*calls)) as server:
        asyncio.run(scenario(server))


@modes
@shapes
def test_a_lost_cancellation_is_repeated(mode: Mode, shape: AgentShape) -> None:
    """As `asyncio.wait_for` loses one before Python 3.12, when a chunk comes with it."""
    waiting: list[str] = []

    def losing(model: BaseChatModel) -> list[BaseTool]:
        @tool
        async def get_items(place: str) -> str:
            """Get items."""
            waiting.append(place)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            return "".join([chunk.text async for chunk in model.astream(place)])

        return [get_items]

    async def scenario(server: ScriptedServer) -> None:
        async with chat_model(server.url) as model:
            run = build(shape, model, losing(model))
            task = asyncio.create_task(collect(mode, run))
            await async_wait_until(lambda: bool(waiting))
            began = time.monotonic()
            await cancel(task)
            assert prompt(began, LIMIT_S)
            assert len(server.requests) == 1

    script = scripts.calling(Call.of("get_items", "call_0", place="a"))
    with ScriptedServer(script) as server:
        asyncio.run(scenario(server))
