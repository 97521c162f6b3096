"""Agents whose models fail, at once or on the way, for good or until they are asked again."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, ModelRetryMiddleware
from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate
from langgraph.graph import START, MessagesState, StateGraph

from tests.support.shapes.agents import agent, count, look
from tests.support.shapes.base import shape
from tests.support.shapes.scripted import Reply, Scripted, call

GONE = RuntimeError("the model is gone")
PROMPT = ChatPromptTemplate.from_template("{question}")


def weak(*replies: Reply) -> Any:
    """A model that fails at its first call, and then says these."""
    failed: list[bool] = []

    def reply(sent: list[BaseMessage]) -> Reply:
        failed.append(True)
        return GONE if len(failed) == 1 else replies[sum(m.type == "ai" for m in sent)]

    return Scripted(replies=reply)


@shape(status="error")
def model_that_fails() -> Any:
    return agent([GONE])


@shape(status="error")
def model_that_fails_on_the_way() -> Any:
    return agent([["half of", "it", GONE]])


@shape({"1": "look"}, status="error")
def model_that_fails_later() -> Any:
    return agent([[call("look")], GONE], look)


@shape({"1": "look", "2": "count"})
def model_retried_by_middleware() -> Any:
    again = ModelRetryMiddleware(initial_delay=0, jitter=False)
    model = weak([call("look")], [call("count")], "there it is")
    return create_agent(model, [look, count], middleware=[again])


@shape({"1": "look"})
def model_with_another_to_fall_back_on() -> Any:
    other = Scripted(replies=[[call("look")], "there it is"], model="scripted-2")
    return agent(lambda _: GONE, look, middleware=[ModelFallbackMiddleware(other)])


@shape()
def chain_with_fallbacks() -> Any:
    return PROMPT | Scripted(replies=[GONE]).with_fallbacks([Scripted(replies=["there it is"])])


@shape()
def model_retried_in_a_node() -> Any:
    again = weak("there it is").with_retry(stop_after_attempt=2, wait_exponential_jitter=False)

    async def node(state: MessagesState) -> Any:
        return {"messages": [await again.ainvoke(state["messages"])]}

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()
