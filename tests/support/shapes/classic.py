"""Classic agents: executors alone, in chains and in tools, with ids of calls and without."""

from __future__ import annotations

from typing import Any

from langchain_classic.agents import AgentExecutor, create_react_agent, create_tool_calling_agent
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool

from tests.support.shapes.agents import agent, ask, count, look
from tests.support.shapes.base import shape
from tests.support.shapes.scripted import Scripted, call

REACT = PromptTemplate.from_template("{tools} {tool_names} {input}{agent_scratchpad}")
CHAT = ChatPromptTemplate.from_messages(
    [("system", "Be a cat."), ("human", "{input}"), MessagesPlaceholder("agent_scratchpad")]
)


def executor(replies: Any, *tools: BaseTool) -> Any:
    """A classic agent of a scripted model that calls tools."""
    made = create_tool_calling_agent(Scripted(replies=replies), list(tools), CHAT)
    return AgentExecutor(agent=made, tools=list(tools))


@shape({"1": "look", "2": "count"})
def classic() -> Any:
    return executor([[call("look")], [call("count")], "there it is"], look, count)


@shape({"1": "look", "2": "count"}, at_once=True)
def classic_parallel() -> Any:
    return executor([[call("look", "a"), call("count", "b")], "there it is"], look, count)


@shape({"1": "fly"}, failed=("1",))
def classic_unknown_tool() -> Any:
    return executor([[call("fly")], "there it is"], look)


@shape({"1": "ask", "1.1": "look"})
def classic_nested() -> Any:
    return executor([[call("ask")], "there it is"], ask)


def react() -> Any:
    """A classic agent that writes its calls as text, so that they have no ids."""

    @tool
    async def think(about: str) -> str:
        """Ask a model."""
        return "".join([piece.text async for piece in Scripted(replies=["on a"]).astream(about)])

    replies = [
        "Thought: a\nAction: think\nAction Input: cat",
        "Thought: b\nAction: look\nAction Input: shelf",
        "Thought: c\nFinal Answer: there it is",
    ]
    return react_executor(replies, think, look)


def react_executor(replies: Any, *tools: BaseTool) -> Any:
    """A classic agent that writes calls as text, and is shown what cannot be read of them."""
    made = create_react_agent(Scripted(replies=replies), list(tools), REACT)
    return AgentExecutor(agent=made, tools=list(tools), handle_parsing_errors=True)


shape({"1": "think", "2": "look"})(react)


@shape({"1": "ask_react", "1.1": "think", "1.2": "look"})
def react_in_a_tool() -> Any:
    @tool
    async def ask_react() -> str:
        """Ask a classic agent."""
        return str((await react().ainvoke({"input": "?"}))["output"])

    return agent([[call("ask_react")], "there it is"], ask_react)


@shape(
    {"1": "_Exception", "2": "look"},
    undecided=("1",),
    failed=("1",),
    outputs={"1": "Invalid Format: Missing 'Action:' after 'Thought:'", "2": "a cat shelf"},
)
def react_that_cannot_be_read() -> Any:
    replies = [
        "somewhere",
        "Thought: b\nAction: look\nAction Input: shelf",
        "Thought: c\nFinal Answer: there it is",
    ]
    return react_executor(replies, look)


@shape({"1": "look", "2": "count"})
def executor_in_a_chain() -> Any:
    made = executor([[call("look")], [call("count")], "there it is"], look, count)
    return RunnableLambda(lambda question: {"input": question}) | made | (lambda out: out["output"])
