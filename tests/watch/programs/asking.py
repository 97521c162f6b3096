"""Asks agents of many shapes through catagent, whose own account of each run is kept in a file.

Its arguments are a folder, and for each agent its name and the address of its server.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from operator import add
from pathlib import Path
from typing import Annotated, Any, TypedDict, cast

from langchain.agents import create_agent
from langchain_classic.agents import AgentExecutor, create_openai_tools_agent
from langchain_core.callbacks import (
    CallbackManagerForRetrieverRun,
    adispatch_custom_event,
)
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake import FakeStreamingListLLM
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableConfig,
    RunnableLambda,
    RunnablePassthrough,
)
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt
from pydantic import BaseModel, SecretStr

import catagent
from catagent.agents.cat import make_tools
from tests.fixtures.agents import approved, react
from tests.support.agents import QUESTION, nesting_tools, raising_tools


class Shelf(BaseRetriever):
    """Finds what stands on it."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document("a vase", metadata={"shelf": 1}), Document("books", id="b")]


class Found(BaseModel):
    """What an agent answers with."""

    place: str


class Places(TypedDict):
    """What is asked, and what the searches found."""

    question: str
    found: Annotated[list[str], add]


def classic(model: BaseChatModel) -> Runnable[Any, Any]:
    """LangChain's executor."""
    prompt = ChatPromptTemplate.from_messages(
        [("human", "{input}"), MessagesPlaceholder("agent_scratchpad")]
    )
    tools = make_tools(model)
    return AgentExecutor(agent=create_openai_tools_agent(model, tools, prompt), tools=tools)


def chain(model: BaseChatModel) -> Runnable[Any, Any]:
    """No agent: what is found, a prompt, a model and a parser."""
    prompt = ChatPromptTemplate.from_template("{found}: {question}")
    given = {"found": Shelf(), "question": RunnablePassthrough()}
    return given | prompt | model | StrOutputParser()


def completion(_: BaseChatModel) -> Runnable[Any, Any]:
    """A model that completes texts."""
    return PromptTemplate.from_template("{question}") | FakeStreamingListLLM(responses=["a cat"])


def fan_out(model: BaseChatModel) -> Runnable[Any, Any]:
    """A node that is sent to, with an event of its own."""

    async def look(state: Any) -> dict[str, Any]:
        async for _ in model.astream(f"What is on {state['place']}?"):
            pass
        await adispatch_custom_event("searched", {"place": state["place"]})
        return {"found": [state["place"]]}

    graph: Any = StateGraph(Places)
    graph.add_node("look", look)
    graph.add_conditional_edges(START, lambda _: [Send("look", {"place": "the shelf"})], ["look"])
    return cast("Runnable[Any, Any]", graph.compile(name="fan_out"))


def handing_over(model: BaseChatModel) -> Runnable[Any, Any]:
    """A graph in a node of another, which it leaves with a Command."""

    async def inner(state: MessagesState) -> Command[Any]:
        message = await model.ainvoke(state["messages"])
        return Command(goto="last", update={"messages": [message]}, graph=Command.PARENT)

    async def last(state: MessagesState) -> Command[Any]:
        return Command(update={"messages": [await model.ainvoke(state["messages"])]})

    nested = StateGraph(MessagesState).add_node("inner", inner).add_edge(START, "inner").compile()
    graph = StateGraph(MessagesState).add_node("nested", nested, destinations=("last",))
    graph.add_node("last", last).add_edge(START, "nested")
    return graph.compile(name="handing_over")


def waiting(_: BaseChatModel) -> Runnable[Any, Any]:
    """A graph that asks a person."""

    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [interrupt({"ok": ["yes", "no"]})]}

    graph = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask")
    return graph.compile(checkpointer=InMemorySaver(), name="waiting")


def failing(_: BaseChatModel) -> Runnable[Any, Any]:
    """A chain that raises two errors at once, of which one has a cause."""

    def fail(_: object) -> None:
        try:
            raise OSError(2, "nothing there")
        except OSError as error:
            raised = LookupError("no cat")
            raised.__cause__ = error
            raise ExceptionGroup("two", [raised, TypeError("a dog")]) from error

    return RunnableLambda(fail).with_config(run_name="failing")


AGENTS: Mapping[str, Callable[[BaseChatModel], Runnable[Any, Any]]] = {
    "cat": lambda model: create_agent(model, make_tools(model), name="cat"),
    "nested": lambda model: create_agent(model, nesting_tools(model), name="nested"),
    "structured": lambda model: create_agent(model, [], response_format=Found, name="structured"),
    "raising": lambda model: create_agent(model, raising_tools(model), name="raising"),
    "refused": lambda model: create_agent(model, [], name="refused"),
    "classic": classic,
    "react": react,
    "approved": approved,
    "chain": chain,
    "completion": completion,
    "fan_out": fan_out,
    "handing_over": handing_over,
    "waiting": waiting,
    "failing": failing,
    "bare": lambda model: model,
    "reasoning": lambda model: create_agent(model, [], name="reasoning"),
}


async def main(folder: str, *asked: str) -> None:
    """Ask one after the other."""
    for name, url in zip(asked[::2], asked[1::2], strict=True):
        model = ChatOpenAI(
            model="scripted",
            base_url=url,
            api_key=SecretStr("test"),
            stream_usage=True,
            max_retries=0,
        )
        record = Path(folder) / f"{name}.jsonl"
        config: RunnableConfig = {"configurable": {"thread_id": name}}
        async for _ in catagent.stream(AGENTS[name](model), QUESTION, config=config, record=record):
            pass


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
