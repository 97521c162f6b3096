"""Test agents over the scripted server: every shape, sync tools, nested agents, odd tools."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx2
from langchain.agents import create_agent
from langchain_classic.agents import AgentExecutor, create_openai_tools_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from catagent.agents import cat_prompts
from catagent.agents.cat import make_tools
from catagent.config import Mode
from catagent.events.types import Event
from catagent.sources.base import AgentRun, AgentShape
from catagent.sources.modes import open_source
from tests.support.server import Script, ScriptedServer

QUESTION = "what items are located where the cat is hiding?"
MODES: tuple[Mode, ...] = ("steps", "log", "events")
SHAPES: tuple[AgentShape, ...] = ("graph", "executor")

ToolMaker = Callable[[BaseChatModel], Sequence[BaseTool]]


@contextlib.asynccontextmanager
async def chat_model(
    url: str, kind: type[ChatOpenAI] = ChatOpenAI, model: str = "scripted", **options: Any
) -> AsyncIterator[ChatOpenAI]:
    """LangChain's own ChatOpenAI, or another kind, on the server; closes its sockets."""
    async with httpx2.AsyncClient() as client:
        with httpx2.Client() as sync_client:
            yield kind(
                model=model,
                base_url=url,
                api_key=SecretStr("test"),
                stream_usage=True,
                max_retries=0,
                http_async_client=client,
                http_client=sync_client,
                **options,
            )


def build(
    shape: AgentShape, model: BaseChatModel, tools: Sequence[BaseTool], **options: Any
) -> AgentRun:
    """An agent of this shape, asked the cat question. `options` are fields of AgentRun."""
    agent_model = model.model_copy()
    agent_model.tags = ["agent_llm"]
    if shape == "graph":
        graph = create_agent(
            agent_model, list(tools), system_prompt=cat_prompts.AGENT_SYSTEM, name="cat"
        )
        question = {"messages": [{"role": "user", "content": QUESTION}]}
        return AgentRun(runnable=graph, input=question, shape=shape, **options)
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", cat_prompts.AGENT_SYSTEM),
            ("human", "{input}"),
            MessagesPlaceholder("agent_scratchpad"),
        ]
    )
    agent = create_openai_tools_agent(agent_model, list(tools), prompt)
    executor = AgentExecutor(agent=agent, tools=list(tools))
    return AgentRun(runnable=executor, input={"input": QUESTION}, shape=shape, **options)


def sync_tools(model: BaseChatModel) -> list[BaseTool]:
    """The cat's tools as plain functions, which LangChain runs in threads."""

    @tool(description=cat_prompts.WHERE_DESCRIPTION)
    def where_cat_is_hiding() -> str:
        return "".join([chunk.text for chunk in model.stream(cat_prompts.WHERE_PROMPT)])

    @tool(description=cat_prompts.ITEMS_DESCRIPTION)
    def get_items(place: str) -> str:
        prompt = cat_prompts.ITEMS_PROMPT.format(place=place)
        return "".join([chunk.text for chunk in model.stream(prompt)])

    return [where_cat_is_hiding, get_items]


def raising_tools(model: BaseChatModel) -> list[BaseTool]:
    """The cat's tools, of which get_items raises."""

    @tool(description=cat_prompts.ITEMS_DESCRIPTION)
    async def get_items(place: str) -> str:
        raise ValueError(f"nothing in {place}")

    return [make_tools(model)[0], get_items]


def nesting_tools(model: BaseChatModel) -> list[BaseTool]:
    """One tool, `research`, that runs an agent of its own with the cat's tools."""

    @tool
    async def research(topic: str) -> str:
        """Research a topic."""
        inner = create_agent(model, make_tools(model), name="inner")
        result = await inner.ainvoke({"messages": [{"role": "user", "content": topic}]})
        return str(result["messages"][-1].content)

    return [research]


@dataclasses.dataclass
class Outcome:
    """What a source yielded, and what it raised at the end."""

    events: list[Event]
    error: BaseException | None = None

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]


async def collect(mode: Mode, run: AgentRun) -> Outcome:
    """Run the source to its end. What it reports from the side is among the events."""
    outcome = Outcome([])
    run = dataclasses.replace(run, report=outcome.events.append)
    try:
        async with contextlib.aclosing(open_source(mode, run)) as source:
            async for event in source:
                outcome.events.append(event)
    except Exception as error:
        outcome.error = error
    return outcome


def run_with(
    script: Script, mode: Mode, make: Callable[[ChatOpenAI], AgentRun], **options: Any
) -> Outcome:
    """Run what `make` makes of a chat model on a server with this script; `options` are its own."""

    async def scenario(url: str) -> Outcome:
        async with chat_model(url, **options) as model:
            return await collect(mode, make(model))

    with ScriptedServer(script) as server:
        return asyncio.run(scenario(server.url))


def play(
    script: Script,
    mode: Mode,
    shape: AgentShape,
    tools: ToolMaker = make_tools,
    model: dict[str, Any] | None = None,
    **options: Any,
) -> Outcome:
    """One run of a test agent over a server with this script. `options` are AgentRun's."""

    def make(chat: ChatOpenAI) -> AgentRun:
        return build(shape, chat, tools(chat), **options)

    return run_with(script, mode, make, **(model or {}))
