"""Agents that misbehave, in both shapes: `--agent tests.faults.agents:graph_raises`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from langchain.agents import create_agent
from langchain_classic.agents import AgentExecutor, create_openai_tools_agent
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from catagent.agents import cat_prompts
from catagent.agents.cat import make_tools
from catagent.agents.cat_classic import PROMPT
from catagent.models.openai_client.client import ClientPool
from catagent.models.openai_client.retries import RetryPolicy
from catagent.models.providers.openai import connect

ESCAPES = (
    "a\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b5m\u202egnp.exe\x00\r[bold]x[/]\x1b]52;c;aGk=\x07 end"
)
BIG = "0123456789abcdef" * 655_360
PRINTED = "a tool wrote this to stdout"
NOTED = "a tool wrote this to stderr"


class Odd:
    """An object that JSON cannot hold."""


class Shy:
    """An object that cannot even be printed."""

    def __repr__(self) -> str:
        raise ValueError("no repr")


def raises() -> str:
    raise ValueError("the cat scratched me")


def hangs() -> str:
    """In a thread, where nobody can cancel it."""
    threading.Event().wait(3600)
    return "never"


def prints() -> str:
    print(PRINTED)  # noqa: T201
    os.write(1, PRINTED.encode() + b" directly\n")
    subprocess.run([sys.executable, "-S", "-c", f"print({PRINTED!r}, 'from a child')"], check=True)
    return "printed"


def notes() -> str:
    print(NOTED, file=sys.stderr)  # noqa: T201
    os.write(2, NOTED.encode() + b" directly\n")
    return "noted"


def strays() -> str:
    """A thread of its own fails."""
    thread = threading.Thread(target=spills)
    thread.start()
    thread.join()
    return "strayed"


def forgets() -> str:
    """A task fails that nobody awaits."""

    async def start() -> None:
        async def fail() -> None:
            raise ValueError(f"nobody heard {dict(os.environ)}")

        task = asyncio.create_task(fail())
        await asyncio.sleep(0.01)
        del task

    asyncio.run(start())
    return "forgotten"


def litters() -> str:
    """What it leaves behind fails when it is cleared away."""

    class Litter:
        def __del__(self) -> None:
            spills()

    Litter()
    return "littered"


def exits() -> str:
    sys.exit(7)


def big() -> str:
    return BIG


def binary() -> bytes:
    return b"\x00\xff\xfe"


def odd() -> Any:
    return Odd()


def shy() -> Any:
    return Shy()


def tells() -> str:
    """The person's secrets, as a tool might that prints its environment."""
    return f"the environment is {dict(os.environ)}"


def spills() -> str:
    raise ValueError(f"the environment is {dict(os.environ)}")


def escapes() -> str:
    return ESCAPES


def waits() -> str:
    """For what only a person can decide."""
    return str(interrupt("which sofa?"))


MISDEEDS: dict[str, Callable[[], Any]] = {
    function.__name__: function
    for function in (
        *(raises, hangs, prints, notes, exits, waits, strays, forgets, litters),
        *(big, binary, odd, shy, escapes, tells, spills),
    )
}


def _misbehaving(misbehave: Callable[[], Any]) -> BaseTool:
    @tool(description=cat_prompts.ITEMS_DESCRIPTION)
    def get_items(place: str) -> Any:
        return misbehave()

    return get_items


def blocks(model: BaseChatModel) -> Runnable[Any, Any]:
    """An agent whose tool blocks the event loop, so that nothing can be cancelled."""

    @tool(description=cat_prompts.ITEMS_DESCRIPTION)
    async def get_items(place: str) -> str:
        time.sleep(3600)  # noqa: ASYNC251 - the misdeed
        return place

    return create_agent(model, [make_tools(model)[0], get_items], name="cat")


def clings(model: BaseChatModel) -> Runnable[Any, Any]:
    """The cat agent, of whose tools get_items will not be cancelled."""

    @tool
    async def get_items(place: str) -> str:
        """List what is there."""
        for _ in range(1000):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
        return place

    return create_agent(model, [make_tools(model)[0], get_items], name="cat")


def _tools(misbehave: Callable[[], Any], model: BaseChatModel) -> list[BaseTool]:
    return [make_tools(model)[0], _misbehaving(misbehave)]


def graph(model: BaseChatModel, misbehave: Callable[[], Any]) -> Runnable[Any, Any]:
    """The cat agent, of whose tools get_items misbehaves."""
    return create_agent(
        model, _tools(misbehave, model), system_prompt=cat_prompts.AGENT_SYSTEM, name="cat"
    )


def executor(model: BaseChatModel, misbehave: Callable[[], Any]) -> Runnable[Any, Any]:
    """The same, as an AgentExecutor."""
    return _executor(model, _tools(misbehave, model))


def _executor(model: BaseChatModel, tools: list[BaseTool]) -> Runnable[Any, Any]:
    agent = create_openai_tools_agent(model, tools, PROMPT)
    return AgentExecutor(agent=agent, tools=tools)


def silent(model: BaseChatModel) -> Runnable[Any, Any]:
    """A graph that ends on the person's own words."""
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda _: {"messages": []})
    graph.set_entry_point("model")
    return graph.compile()


def graph_circles(model: BaseChatModel) -> Runnable[Any, Any]:
    """Without tools, and it never ends."""

    async def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke("again")]}

    circle = StateGraph(MessagesState).add_node(think)
    return circle.add_edge(START, "think").add_edge("think", "think").compile()


def graph_bounded(model: BaseChatModel) -> Runnable[Any, Any]:
    """The same, and its author allows three supersteps."""
    return graph_circles(model).with_config(recursion_limit=3)


def _elsewhere() -> BaseChatModel:
    """A model at TOOL_URL, made as the product makes its own."""
    pool = ClientPool(RetryPolicy(0, lambda _: None), 0)
    return connect(os.environ["TOOL_URL"], "sk-elsewhere-0123456789", pool)


def graph_elsewhere(model: BaseChatModel) -> Runnable[Any, Any]:
    """The cat agent, whose tools ask a model on another server."""
    return create_agent(
        model, make_tools(_elsewhere()), system_prompt=cat_prompts.AGENT_SYSTEM, name="cat"
    )


def executor_elsewhere(model: BaseChatModel) -> Runnable[Any, Any]:
    """The same, as an AgentExecutor."""
    return _executor(model, make_tools(_elsewhere()))


def __getattr__(name: str) -> Callable[..., Runnable[Any, Any]]:
    """`graph_raises`, `executor_hangs` and so on: one factory for every shape and misdeed."""
    shape, _, misdeed = name.partition("_")
    if shape not in ("graph", "executor") or misdeed not in MISDEEDS:
        raise AttributeError(name)
    return partial(graph if shape == "graph" else executor, misbehave=MISDEEDS[misdeed])


# No ChatOpenAI, and never comes to a word.
silent_model = create_agent(FakeListChatModel(responses=["never"], sleep=3600), [])


def no_agent() -> Runnable[Any, Any]:
    """A factory that fails in a way that asyncio takes for its own."""
    return next(iter(()))


class Stammering(FakeListChatModel):
    """A model that streams empty chunks for ever, as a proxy may that keeps a line open."""

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        while True:
            await asyncio.sleep(0.01)
            yield ChatGenerationChunk(message=AIMessageChunk(content=""))


stammering_model = create_agent(Stammering(responses=[""]), [])


streams_left_open: list[Any] = []


def _leaves_open(_: MessagesState) -> dict[str, list[AIMessage]]:
    """Reads one word of a model's, and keeps the rest of the stream until the interpreter ends."""
    streams_left_open.append(FakeListChatModel(responses=["two words"]).stream("?"))
    return {"messages": [AIMessage(next(streams_left_open[-1]).text)]}


_leaving: Any = StateGraph(MessagesState)
left_open = _leaving.add_node("read", _leaves_open).add_edge(START, "read").compile()


def _asks(where: str) -> str:
    return FakeListChatModel(responses=["word"], name=where).invoke("?").text


@tool
async def asks_in_threads() -> str:
    """Asks models in threads that are started without their context."""
    loop = asyncio.get_running_loop()
    said = [await loop.run_in_executor(None, _asks, "executor")]
    thread = threading.Thread(target=lambda: said.append(_asks("thread")))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        return " ".join([*said, *pool.map(_asks, ["pool", "pool again"])])


def threads() -> Any:
    """Two nodes that run the tool: the loop's own pool outlives the first one."""

    async def call(_: MessagesState) -> dict[str, list[AIMessage]]:
        return {"messages": [AIMessage(await asks_in_threads.ainvoke({}))]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("one", call).add_node("two", call)
    return graph.add_edge(START, "one").add_edge("one", "two").compile()
