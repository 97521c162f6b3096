"""The answer of every kind of runnable: graphs that end oddly, tools alone, chains, models."""

from __future__ import annotations

import asyncio
import json
import operator
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, PIIMiddleware
from langchain_core.callbacks import adispatch_custom_event
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from catagent.agents import cat_prompts
from catagent.agents.cat import make_tools
from catagent.config import Mode
from catagent.errors import AgentError
from catagent.events import types as ev
from catagent.sources.base import AgentRun, AgentShape
from tests.support import scripts
from tests.support.agents import MODES, Outcome, build, collect, run_with
from tests.support.replies import Call, Reply
from tests.support.server import Request

pytestmark = pytest.mark.versions

_ASKED = {"question": "what?"}
modes = pytest.mark.parametrize("mode", MODES)


def answer_of(outcome: Outcome) -> str:
    """The one answer."""
    (answer,) = outcome.of(ev.Answer)
    return str(answer.data.output)


def asked(runnable: Any, **options: Any) -> AgentRun:
    """A graph that is asked something."""
    question = {"messages": [{"role": "user", "content": "what?"}]}
    return AgentRun(runnable=runnable, input=question, shape="graph", **options)


@modes
def test_a_tool_alone_answers_with_its_output(mode: Mode) -> None:
    def make(model: BaseChatModel) -> AgentRun:
        return AgentRun(make_tools(model)[1], {"place": scripts.PLACE}, "other")

    outcome = run_with(scripts.cat(3), mode, make)
    assert answer_of(outcome) == "t0 t1 t2"
    assert outcome.of(ev.LlmFinished)[0].data.text == "t0 t1 t2 "
    if mode != "steps":
        assert [e.data.delta for e in outcome.of(ev.LlmToken)] == ["t0 ", "t1 ", "t2 "]
        assert len(outcome.of(ev.ToolStarted)) == len(outcome.of(ev.ToolFinished)) == 1


@modes
def test_a_chain_answers_with_its_text(mode: Mode) -> None:
    def make(model: BaseChatModel) -> AgentRun:
        chain = ChatPromptTemplate.from_template("{x}") | model | StrOutputParser()
        return AgentRun(chain, {"x": cat_prompts.WHERE_PROMPT}, "other")

    outcome = run_with(scripts.cat(), mode, make)
    assert answer_of(outcome) == "under the sofa"
    if mode != "steps":
        kinds = {event.data.kind for event in outcome.of(ev.Node)}
        assert kinds >= {"chain", "prompt", "parser"}


@modes
def test_a_model_alone_answers_with_its_text(mode: Mode) -> None:
    outcome = run_with(
        scripts.with_fault(scripts.cat(), "where", finish_reason="length"),
        mode,
        lambda model: AgentRun(model, cat_prompts.WHERE_PROMPT, "other"),
    )
    assert answer_of(outcome) == "under the sofa"
    assert not outcome.of(ev.Answer)[0].data.complete
    assert [event.data.code for event in outcome.of(ev.Warned)] == ["length"]
    assert len(outcome.of(ev.LlmFinished)) == 1
    if mode != "steps":
        assert [e.data.delta for e in outcome.of(ev.LlmToken)] == list(scripts.WHERE_TOKENS)


@modes
def test_an_output_that_is_not_text_is_answered_as_json(mode: Mode) -> None:
    outcome = run_with(
        scripts.cat(), mode, lambda _: AgentRun(RunnableLambda(lambda x: {"n": x}), 3, "other")
    )
    assert json.loads(answer_of(outcome)) == {"n": 3}


@modes
def test_the_text_of_a_message_is_answered_as_text(mode: Mode) -> None:
    """`message.text` is of a subclass of str."""

    def make(model: BaseChatModel) -> AgentRun:
        chain = model | RunnableLambda(lambda message: message.text)
        return AgentRun(chain, cat_prompts.WHERE_PROMPT, "other")

    (answer,) = run_with(scripts.cat(), mode, make).of(ev.Answer)
    assert type(answer.data.output) is str
    assert answer.data.output == "under the sofa"


@modes
def test_a_tool_of_an_executor_may_return_the_text_of_a_message(mode: Mode) -> None:
    def make(model: BaseChatModel) -> AgentRun:
        @tool
        async def where_cat_is_hiding() -> str:
            """Where the cat is."""
            return (await model.ainvoke(cat_prompts.WHERE_PROMPT)).text

        return build("executor", model, [where_cat_is_hiding, make_tools(model)[1]])

    outcome = run_with(scripts.cat(), mode, make)
    observation = outcome.of(ev.Observation)[0]
    assert type(observation.data.output) is str
    assert observation.data.output == "under the sofa"


@modes
def test_a_structured_response_is_the_answer(mode: Mode) -> None:
    class Place(BaseModel):
        """Where the cat is."""

        place: str

    def make(model: BaseChatModel) -> AgentRun:
        return asked(create_agent(model, [], response_format=Place))

    def script(request: Request) -> Reply:
        if "response_format" in request.body:
            return Reply(['{"place": ', '"sofa"}'])
        return Reply(calls=[Call.of("Place", "call_0", place="sofa")])

    assert json.loads(answer_of(run_with(script, mode, make))) == {"place": "sofa"}


@modes
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"messages": [{"role": "assistant", "content": "as a dict"}]}, "as a dict"),
        ({"messages": ("ai", "as a tuple")}, "as a tuple"),
        ({"output": "under a key"}, "under a key"),
        ({"place": "sofa"}, "sofa"),
        ({"place": "sofa", "size": 0}, '{"place":"sofa","size":0}'),
        ({"place": "sofa", "size": True}, "sofa"),
    ],
)
def test_a_graph_that_streams_no_message_answers_with_its_final_state(
    mode: Mode, said: dict[str, Any], answer: str
) -> None:
    class State(MessagesState):
        output: str
        place: str
        size: int

    graph = StateGraph(State).add_node("say", lambda _: said).add_edge(START, "say").compile()
    assert answer_of(asyncio.run(collect(mode, asked(graph)))) == answer


_CALLS = [{"name": "look", "args": {}, "id": "c1"}]
_LOOKED = [AIMessage("", tool_calls=_CALLS), ToolMessage("seen", tool_call_id="c1")]


class Elsewhere(TypedDict):
    """A state without `messages`."""

    question: str
    log: Annotated[list[Any], operator.add]
    said: Any
    more: Any


@modes
@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ([{"log": _LOOKED}, {"said": "the report"}], "the report"),
        ([{"log": _LOOKED}, {"said": "the report", "log": _LOOKED}], "the report"),
        ([{"log": [AIMessage("looked")]}, {"said": "the report"}], "the report"),
        ([{"log": [AIMessage("looked")]}, {"more": True}], "looked"),
        ([{"log": _LOOKED}, {"said": AIMessage("a message")}], "a message"),
        ([{"said": "early"}, {"log": [*_LOOKED, AIMessage("in a list")]}], "in a list"),
        ([{"log": [{"role": "assistant", "content": "a dict"}]}], "a dict"),
        ([{"log": _LOOKED}, {"said": 0, "more": "b"}], '{"said":0,"more":"b"}'),
        ([{"said": "early"}, None], "early"),
    ],
)
@pytest.mark.parametrize("shape", ["graph", "other"])
def test_a_graph_without_messages_answers_with_what_its_last_node_wrote(
    mode: Mode, shape: AgentShape, steps: list[dict[str, Any]], answer: str
) -> None:
    graph = StateGraph(Elsewhere)
    graph.add_sequence([(f"n{n}", lambda _, step=step: step) for n, step in enumerate(steps)])
    graph.add_edge(START, "n0")
    runnable: Any = graph.compile()
    if shape == "other":
        runnable = RunnableLambda(lambda question: {"question": question["question"]}) | runnable
    assert answer_of(asyncio.run(collect(mode, AgentRun(runnable, _ASKED, shape)))) == answer


@modes
def test_nodes_that_end_a_graph_together_answer_together(mode: Mode) -> None:
    graph = StateGraph(Elsewhere)
    for name in ("said", "more"):
        graph.add_node(f"write_{name}", lambda _, name=name: {name: name})
        graph.add_edge(START, f"write_{name}")
    run = AgentRun(graph.compile(), _ASKED, "graph")
    assert answer_of(asyncio.run(collect(mode, run))) == '{"said":"said","more":"more"}'


@modes
@pytest.mark.parametrize("is_graph", [True, False])
def test_a_list_of_messages_answers_with_what_the_model_said_last(
    mode: Mode, is_graph: bool
) -> None:
    async def work(_: Any) -> list[BaseMessage]:
        return [*_LOOKED, AIMessage("the end")]

    runnable: Any = entrypoint()(work) if is_graph else RunnableLambda(work)
    run = AgentRun(runnable, "q", "graph" if is_graph else "other")
    assert answer_of(asyncio.run(collect(mode, run))) == "the end"


@modes
def test_a_graph_that_says_nothing_has_no_answer(mode: Mode) -> None:
    graph = StateGraph(MessagesState).add_node("say", lambda _: None).add_edge(START, "say")
    outcome = asyncio.run(collect(mode, asked(graph.compile())))
    assert isinstance(outcome.error, AgentError)
    assert not outcome.of(ev.Answer)


@modes
def test_a_tool_that_returns_directly_gives_the_answer(mode: Mode) -> None:
    @tool(return_direct=True)
    async def get_items(place: str) -> str:
        """Get items."""
        return f"nothing in {place}"

    script = scripts.calling(Call.of("get_items", "call_0", place="a"))
    outcome = run_with(script, mode, lambda model: asked(create_agent(model, [get_items])))
    assert answer_of(outcome) == "nothing in a"


@modes
def test_an_agent_that_waits_for_a_person_has_no_answer(mode: Mode) -> None:
    @tool
    async def get_items(place: str) -> str:
        """Get items."""
        return str(interrupt("may I?"))

    def make(model: BaseChatModel) -> AgentRun:
        graph = create_agent(model, [get_items], checkpointer=InMemorySaver())
        return asked(graph, config={"configurable": {"thread_id": "1"}})

    script = scripts.calling(Call.of("get_items", "call_0", place="a"))
    outcome = run_with(script, mode, make)
    assert outcome.error is None
    assert not outcome.of(ev.Answer)
    (asked_for,) = outcome.of(ev.Interrupt)
    assert asked_for.data.value == "may I?"
    assert asked_for.call == "1"


@modes
def test_a_message_that_middleware_replaced_is_the_answer_once(mode: Mode) -> None:
    def make(model: BaseChatModel) -> AgentRun:
        middleware = [PIIMiddleware("email", apply_to_output=True)]
        return asked(create_agent(model, make_tools(model), middleware=middleware))

    first = Call.of("get_items", "call_0", place="a")
    answer = Reply(["write to ", "joe@example.com", " now"])
    outcome = run_with(scripts.calling(first, answer=answer), mode, make)
    assert answer_of(outcome) == "write to [REDACTED_EMAIL] now"
    assert outcome.of(ev.Answer)[0].data.messages[0].content == answer_of(outcome)
    assert len(outcome.of(ev.Action)) == len(outcome.of(ev.Observation)) == 1


@modes
def test_an_earlier_message_that_is_replaced_late_is_not_the_answer(mode: Mode) -> None:
    class Tidy(AgentMiddleware[Any, Any, Any]):
        """Shortens the first message of the model, at the end."""

        def after_agent(self, state: Any, runtime: Any) -> dict[str, Any]:
            decided = next(each for each in state["messages"] if each.type == "ai")
            return {"messages": [decided.model_copy(update={"content": "(tidied)"})]}

    def make(model: BaseChatModel) -> AgentRun:
        return asked(create_agent(model, make_tools(model), middleware=[Tidy()]))

    outcome = run_with(scripts.cat(1), mode, make)
    assert answer_of(outcome) == "".join(scripts.ANSWER_TOKENS)


@modes
def test_an_agent_that_is_a_node_of_another_graph_gives_the_answer(mode: Mode) -> None:
    def make(model: BaseChatModel) -> AgentRun:
        graph = StateGraph(MessagesState)
        graph.add_node("inner", create_agent(model, make_tools(model)))
        graph.add_edge(START, "inner")
        return asked(graph.compile())

    outcome = run_with(scripts.cat(1), mode, make)
    assert answer_of(outcome) == "".join(scripts.ANSWER_TOKENS)
    assert len(outcome.of(ev.Action)) == len(outcome.of(ev.Observation)) == 2


def test_a_custom_event_names_the_tool_call_it_came_from() -> None:
    @tool
    async def get_items(place: str) -> str:
        """Get items."""
        await adispatch_custom_event("looked", {"place": place})
        return place

    script = scripts.calling(Call.of("get_items", "call_0", place="a"))
    outcome = run_with(script, "events", lambda model: asked(create_agent(model, [get_items])))
    (custom,) = [event for event in outcome.of(ev.Node) if event.data.kind == "custom"]
    (started,) = outcome.of(ev.ToolStarted)
    assert (custom.name, custom.tool_call_id) == ("looked", "call_0")
    assert (custom.run_id, custom.parent_ids) == (started.run_id, started.parent_ids)


def test_custom_events_are_nodes() -> None:
    async def shout(text: str) -> str:
        await adispatch_custom_event("shouted", {"text": text})
        return text

    outcome = run_with(
        scripts.cat(), "events", lambda _: AgentRun(RunnableLambda(shout), "hey", "other")
    )
    (custom,) = [event for event in outcome.of(ev.Node) if event.data.kind == "custom"]
    assert (custom.name, custom.data.content) == ("shouted", {"text": "hey"})


@modes
def test_earlier_callbacks_and_the_run_id_are_kept(mode: Mode) -> None:
    import uuid

    from langchain_core.callbacks import BaseCallbackHandler

    class Mine(BaseCallbackHandler):
        started = 0

        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            self.started += 1

    mine, run_id = Mine(), uuid.uuid4()

    def make(model: BaseChatModel) -> AgentRun:
        graph = create_agent(model, make_tools(model))
        return asked(graph, config={"callbacks": [mine], "run_id": run_id})

    outcome = run_with(scripts.cat(1), mode, make)
    assert mine.started == 5
    assert outcome.of(ev.LlmFinished)[0].parent_ids[0] == str(run_id)
