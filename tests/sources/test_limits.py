"""The lower limit wins, the author's or ours, in every mode; and it ends the run in any case."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware, ToolCallLimitMiddleware
from langchain_classic.agents import AgentExecutor
from langchain_core.agents import AgentAction
from langchain_core.language_models import FakeListChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.runnables import (
    ConfigurableField,
    Runnable,
    RunnableBinding,
    RunnableBranch,
    RunnableConfig,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from langchain_core.tools import tool
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Send

import catagent
from catagent.config import Mode
from tests.support.agents import MODES

modes = pytest.mark.parametrize("mode", MODES)
RECURSION: Any = {"recursion_limit": 5}
QUESTION = {"messages": [("user", "q")]}
AGAIN = FakeListChatModel(responses=["again"])
THROUGH: Runnable[Any, Any] = RunnableLambda(lambda given: given)
Nodes = dict[str, Any]


class Played:
    """A run, its last event, and how often it asked a model."""

    def __init__(self, agent: Any, given: Any, mode: Mode, **options: Any) -> None:
        events = asyncio.run(self._events(agent, given, mode, options))
        last = events[-1]
        assert isinstance(last, catagent.RunFinished)
        self.status, self.exit_code, self.output = (
            last.data.status,
            last.data.exit_code,
            last.data.output,
        )
        error = last.data.error
        self.message, self.hint = (error.message, error.hint) if error else ("", "")
        self.events = events
        self.asked = sum(isinstance(event, catagent.LlmStarted) for event in events)
        answered = sum(isinstance(event, catagent.LlmFinished) for event in events)
        assert self.asked == answered

    async def _events(self, agent: Any, given: Any, mode: Mode, options: Any) -> list[Any]:
        return [event async for event in catagent.stream(agent, given, mode=mode, **options)]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def graph_of(**nodes: Any) -> Any:
    """A graph whose nodes follow each other in a circle."""
    graph = StateGraph(MessagesState)
    names = list(nodes)
    for name, node in nodes.items():
        graph.add_node(name, node)
    graph.add_edge(START, names[0])
    for name, following in zip(names, [*names[1:], names[0]], strict=True):
        graph.add_edge(name, following)
    return graph.compile()


def think(state: Any) -> Any:
    return {"messages": [AGAIN.invoke(state["messages"])]}


def loop(limit: int | None = None) -> Any:
    """An agent without tools that goes in circles; its author allows so many supersteps."""
    graph = graph_of(think=think)
    return graph.with_config(recursion_limit=limit) if limit else graph


def inside(node: Any, limit: int | None = None) -> Any:
    """A graph with one node."""
    graph = StateGraph(MessagesState).add_node("inner", node).add_edge(START, "inner").compile()
    return graph.with_config(recursion_limit=limit) if limit else graph


def calls_with_config(state: Any, config: RunnableConfig) -> Any:
    return loop(5).invoke(state, config)


def made_later(graph: Any) -> Any:
    return RunnableBinding(bound=graph, config_factories=[lambda _: RECURSION])


AUTHORS: dict[str, Callable[[], Any]] = {
    "a graph": lambda: loop(5),
    "a graph with a retry": lambda: loop(5).with_retry(stop_after_attempt=1),
    "a retry that is bound": lambda: (
        loop().with_retry(stop_after_attempt=1).with_config(recursion_limit=5)
    ),
    "bindings in bindings": lambda: (
        loop(7)
        .with_retry(stop_after_attempt=1)
        .with_config(tags=["mine"])
        .with_config(recursion_limit=5)
    ),
    "a factory of configs": lambda: made_later(loop()),
    "a factory of configs in a chain": lambda: THROUGH | made_later(loop()),
    "in a chain": lambda: THROUGH | loop(5),
    "a retry in a chain": lambda: THROUGH | loop(5).with_retry(stop_after_attempt=1),
    "a chain": lambda: (THROUGH | loop()).with_config(recursion_limit=5),
    "beside another": lambda: RunnableParallel(a=loop(5)),
    "assigned": lambda: RunnablePassthrough.assign(a=loop(5)),
    "in a branch": lambda: RunnableBranch((lambda _: False, THROUGH), loop(5)),
    "a sub-graph": lambda: inside(loop(5)),
    "called by a node": lambda: inside(lambda state: loop(5).invoke(state)),
    "in a chain with alternatives": lambda: (THROUGH | loop(5)).configurable_alternatives(
        ConfigurableField(id="which")
    ),
    "called with the node's config": lambda: inside(calls_with_config),
    "called by a function": lambda: RunnableLambda(lambda given: loop(5).invoke(given)),
}


@modes
@pytest.mark.parametrize("where", AUTHORS)
def test_an_authors_limit_holds_wherever_it_is(mode: Mode, where: str) -> None:
    run = Played(AUTHORS[where](), QUESTION, mode)
    assert (run.asked, run.status, run.exit_code) == (5, "limit", 3)
    assert run.message == (
        "The agent was stopped by its author's limit: "
        "Recursion limit of 5 reached without hitting a stop condition."
    )
    assert run.hint == "allow more where the agent is made: --max-steps cannot raise it"


@modes
def test_a_fallback_takes_over_from_a_graph_at_its_authors_limit(mode: Mode) -> None:
    """As when nobody watches: what the author made it for."""
    agent = loop(5).with_fallbacks([THROUGH])
    run = Played(agent, QUESTION, mode)
    assert (run.asked, run.status, run.exit_code) == (5, "success", 0)
    ours = Played(agent, QUESTION, mode, max_steps=3)
    assert (ours.asked, ours.status) == (4, "limit")


@modes
@pytest.mark.parametrize(
    "make",
    [
        lambda: loop(25),
        lambda: THROUGH | loop(25),
    ],
)
def test_langchains_default_counts_where_an_author_chose_it(
    mode: Mode, make: Callable[[], Any]
) -> None:
    run = Played(make(), QUESTION, mode, max_steps=50)
    assert (run.asked, run.status) == (25, "limit")
    assert "Recursion limit of 25" in run.message


@modes
def test_a_limit_from_the_call_holds(mode: Mode) -> None:
    for limit in (4, 12):
        run = Played(loop(8), QUESTION, mode, config={"recursion_limit": limit}, max_steps=50)
        assert (run.asked, run.status) == (limit, "limit")


def fan_out(size: int) -> Any:
    class Documents(TypedDict):
        messages: Annotated[list[Any], operator.add]

    graph = StateGraph(Documents).add_node("read", lambda state: think(QUESTION))
    graph.add_conditional_edges(START, lambda state: [Send("read", state)] * size, ["read"])
    return graph.compile()


OURS: dict[str, tuple[Callable[[], Any], int]] = {
    "a graph": (loop, 4),
    "a graph that may take more": (lambda: loop(600), 4),
    "a graph in a chain": (lambda: THROUGH | loop(), 4),
    "a retry in a chain": (lambda: THROUGH | loop().with_retry(stop_after_attempt=1), 4),
    "a sub-graph": (lambda: inside(loop()), 4),
    "a circle of two nodes": (lambda: graph_of(a=think, b=think), 8),
    "a circle around a sub-graph": (lambda: graph_of(a=inside(think)), 4),
    "a circle through a chain": (lambda: graph_of(a=RunnableLambda(think) | THROUGH), 4),
}


@modes
@pytest.mark.parametrize("what", OURS)
def test_ours_holds_where_there_are_no_tools(mode: Mode, what: str) -> None:
    """Three steps, and the answer."""
    make, asked = OURS[what]
    run = Played(make(), QUESTION, mode, max_steps=3)
    assert (run.asked, run.status, run.exit_code) == (asked, "limit", 3)
    assert run.message == "The agent was stopped after 3 steps without an answer."
    assert run.hint == "allow more with --max-steps (now 3)"


@modes
def test_many_models_asked_at_once_are_one_turn(mode: Mode) -> None:
    run = Played(fan_out(100), QUESTION, mode, max_steps=1)
    assert (run.asked, run.status) == (100, "success")


@modes
def test_a_long_way_through_many_nodes_is_no_circle(mode: Mode) -> None:
    graph = StateGraph(MessagesState)
    names = [f"n{i}" for i in range(30)]
    for name in names:
        graph.add_node(name, think)
    for before, name in zip([START, *names], names, strict=False):
        graph.add_edge(before, name)
    run = Played(graph.compile(), QUESTION, mode)
    assert (run.asked, run.status) == (30, "success")


def over_and_over(given: Any) -> Any:
    while True:
        AGAIN.invoke("q")


@modes
@pytest.mark.parametrize(
    "make", [lambda: RunnableLambda(over_and_over), lambda: inside(over_and_over)]
)
def test_a_loop_of_a_persons_own_ends_as_well(mode: Mode, make: Callable[[], Any]) -> None:
    run = Played(make(), QUESTION, mode, max_steps=1)
    assert (run.asked, run.status) == (40, "limit")


@modes
def test_an_entrypoint_may_ask_many_at_once_and_ends_as_well(mode: Mode) -> None:
    @task
    def ask(question: str) -> str:
        return AGAIN.invoke(question).text

    @entrypoint()
    def many(question: str) -> str:
        return "".join(each.result() for each in [ask("q") for _ in range(30)])

    @entrypoint()
    def circle(question: str) -> str:
        while True:
            ask("q").result()

    at_once = Played(many, "q", mode, max_steps=1)
    assert (at_once.asked, at_once.status) == (30, "success")
    run = Played(circle, "q", mode, max_steps=1)
    assert (run.asked, run.status) == (40, "limit")


@modes
def test_a_loop_inside_a_tool_ends_as_well(mode: Mode) -> None:
    @tool
    def search() -> str:
        """Search."""
        over_and_over(None)
        return ""

    run = Played(agent([call("search")], search), QUESTION, mode, max_steps=1)
    assert (run.asked, run.status) == (41, "limit")


@modes
def test_a_graph_that_asks_no_model_ends_as_well(mode: Mode) -> None:
    run = Played(graph_of(a=lambda state: {}, b=lambda state: {}), QUESTION, mode, max_steps=1)
    assert (run.status, run.message) == (
        "limit",
        "The agent was stopped after 1 steps without an answer.",
    )


# Agents that catch what ends them


async def stubborn(given: Any) -> Any:
    while True:
        try:
            await AGAIN.ainvoke("q")
        except Exception:
            await asyncio.sleep(0)


def sorry(state: Any) -> Any:
    try:
        return think(state)
    except Exception:
        return {"messages": [AIMessage("sorry")]}


def stops(state: Any) -> str:
    return "__end__" if state["messages"][-1].text == "sorry" else "think"


def apologizing() -> Any:
    graph = StateGraph(MessagesState).add_node("think", sorry).add_edge(START, "think")
    return graph.add_conditional_edges("think", stops).compile()


@modes
def test_a_limit_that_an_agent_catches_ends_the_run(mode: Mode) -> None:
    run = Played(apologizing(), QUESTION, mode, max_steps=3)
    assert (run.asked, run.status, run.exit_code, run.output) == (4, "limit", 3, None)


@modes
def test_an_agent_that_goes_on_after_it_is_cancelled(mode: Mode) -> None:
    run = Played(RunnableLambda(stubborn), QUESTION, mode, max_steps=1)
    assert (run.asked, run.status, run.exit_code) == (40, "limit", 3)


@modes
def test_a_limit_that_becomes_another_error_is_still_one(mode: Mode) -> None:
    def wrapped(state: Any) -> Any:
        try:
            return think(state)
        except Exception as error:
            raise RuntimeError("it failed") from error

    run = Played(graph_of(think=wrapped), QUESTION, mode, max_steps=3)
    assert (run.asked, run.status) == (4, "limit")


@modes
def test_no_fallback_and_no_retry_goes_on(mode: Mode) -> None:
    patient = AGAIN.with_retry(stop_after_attempt=3).with_fallbacks([AGAIN])
    graph = graph_of(think=lambda state: {"messages": [patient.invoke(state["messages"])]})
    run = Played(graph, QUESTION, mode, max_steps=3)
    assert (run.asked, run.status) == (4, "limit")


# LangChain's agents


def call(name: str, **args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[ToolCall(name=name, args=args, id=None)])


class Scripted(GenericFakeChatModel):
    """Says one message after the other, the last one again and again."""

    said: list[AIMessage]
    place: int = 0

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any) -> Any:
        message = self.said[min(self.place, len(self.said) - 1)].model_copy(deep=True)
        self.place += 1
        for index, wanted in enumerate(message.tool_calls):
            wanted["id"] = f"call_{self.place}_{index}"
        self.messages = iter([message])
        return super()._generate(messages, stop, run_manager)

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any) -> Any:
        raise NotImplementedError


def model(*said: AIMessage) -> Scripted:
    return Scripted(messages=iter([]), said=list(said), disable_streaming=True)


def agent(said: list[AIMessage], *tools: Any, **options: Any) -> Any:
    return create_agent(model(*said), list(tools), **options)


@tool
def look() -> str:
    """Look."""
    return "nothing"


@modes
def test_the_number_of_create_agent_is_nobodys_choice(mode: Mode) -> None:
    run = Played(agent([call("look")], look), QUESTION, mode, max_steps=3)
    assert (run.asked, run.status) == (4, "limit")
    assert "--max-steps" in run.hint


@modes
@pytest.mark.parametrize("how", ["error", "end"])
def test_a_limit_of_langchains_middleware_is_the_authors(mode: Mode, how: Any) -> None:
    for limit, said in (
        (ModelCallLimitMiddleware(run_limit=2, exit_behavior=how), "Model call limits exceeded"),
        (ToolCallLimitMiddleware(run_limit=2, exit_behavior=how), "call limit reached"),
    ):
        run = Played(agent([call("look")], look, middleware=[limit]), QUESTION, mode)
        assert (run.status, run.exit_code, run.output) == ("limit", 3, None)
        assert run.message.startswith("The agent was stopped by its author's limit: ")
        assert said in run.message


@modes
@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
def test_an_agent_that_says_sorry_has_not_answered(mode: Mode) -> None:
    from langgraph.prebuilt import create_react_agent

    react = create_react_agent(model(call("look")), [look]).with_config(recursion_limit=4)
    run = Played(react, QUESTION, mode)
    assert (run.status, run.exit_code) == ("limit", 3)
    assert "Sorry, need more steps to process this request." in run.message


@modes
def test_what_a_model_writes_itself_is_its_answer(mode: Mode) -> None:
    said = "Sorry, need more steps to process this request."
    run = Played(agent([AIMessage(said)], look), QUESTION, mode)
    assert (run.status, run.output) == ("success", said)


@modes
def test_the_limit_of_an_agent_in_a_tool_is_that_tools_error(mode: Mode) -> None:
    """So an agent that deals with it goes on, and one that does not ends with it."""

    @tool
    def research() -> str:
        """Research."""
        return str(loop(5).invoke(QUESTION))

    @tool
    def careful() -> str:
        """Research."""
        try:
            return str(loop(5).invoke(QUESTION))
        except Exception as error:
            return f"gave up: {error}"

    went_on = Played(agent([call("careful"), AIMessage("done")], careful), QUESTION, mode)
    assert (went_on.status, went_on.output, went_on.asked) == ("success", "done", 7)
    ended = Played(agent([call("research"), AIMessage("done")], research), QUESTION, mode)
    assert (ended.status, ended.asked) == ("limit", 6)
    assert "Recursion limit of 5" in ended.message


@modes
def test_each_agent_has_its_own_steps(mode: Mode) -> None:
    @tool
    def research() -> str:
        """Research."""
        inner = agent([*[call("look")] * 3, AIMessage("found")], look)
        return str(inner.invoke(QUESTION)["messages"][-1].text)

    outer = agent([*[call("research")] * 3, AIMessage("done")], research)
    run = Played(outer, QUESTION, mode, max_steps=3)
    assert (run.status, run.output, run.asked) == ("success", "done", 16)


def executor(**options: Any) -> Any:
    def plan(given: Any) -> Any:
        AGAIN.invoke("q")
        return AgentAction("look", {}, "")

    return AgentExecutor(agent=RunnableLambda(plan), tools=[look], **options)


@modes
@pytest.mark.parametrize("chained", [False, True])
def test_the_lower_limit_of_an_executor_holds(mode: Mode, chained: bool) -> None:
    """Its own 15 are nobody's choice."""

    def made(**options: Any) -> Any:
        return THROUGH | executor(**options) if chained else executor(**options)

    theirs = Played(made(max_iterations=2), {"input": "q"}, mode)
    assert (theirs.asked, theirs.status, theirs.exit_code) == (2, "limit", 3)
    assert "by its author's limit: Agent stopped" in theirs.message
    for options in ({}, {"max_iterations": 100}, {"max_iterations": None}):
        ours = Played(made(**options), {"input": "q"}, mode, max_steps=17)
        assert (ours.status, ours.exit_code) == ("limit", 3)
        assert ours.message == "The agent was stopped after 17 steps without an answer."


@modes
def test_the_time_of_an_executor_is_its_authors_limit(mode: Mode) -> None:

    async def slow(given: Any) -> Any:
        await asyncio.sleep(3600)

    late = AgentExecutor(agent=RunnableLambda(slow), tools=[look], max_execution_time=0.05)
    run = Played(late, {"input": "q"}, mode)
    assert (run.status, run.exit_code) == ("limit", 3)
    assert run.message == (
        "The agent was stopped by its author's limit: "
        "Agent stopped due to iteration limit or time limit."
    )


def test_a_function_that_returns_itself_for_ever_has_reached_a_limit() -> None:
    endless: Any = RunnableLambda(lambda _: endless)
    run = Played(endless.with_config(recursion_limit=5), "q", "steps")
    assert (run.status, run.exit_code) == ("limit", 3)
    assert "Recursion limit reached" in run.message
