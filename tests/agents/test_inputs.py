"""An agent's input: where a question goes by its type, what is checked, and what is asked for."""

import operator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Literal, NotRequired

import pytest
from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph, add_messages
from langgraph.managed import RemainingSteps
from pydantic import BaseModel
from typing_extensions import TypedDict

from catagent.agents.driver.inputs import input_of
from catagent.agents.driver.kinds import UnusableError

pytestmark = pytest.mark.versions


class Report(TypedDict):
    """A state, as most are: an input need not have all of it."""

    topic: str
    depth: int
    kind: Literal["short", "long"]
    notes: Annotated[list[str], operator.add]
    steps: RemainingSteps


class Asked(TypedDict):
    """An input of its own."""

    topic: str
    depth: NotRequired[int]


class Log(TypedDict):
    """What is in a list."""

    text: str
    grade: int


class Logs(TypedDict):
    """A state with a list of them, of which not all have all."""

    logs: list[Log]


class Email(TypedDict):
    """An input that no question is."""

    email: dict[str, Any]


class Described(BaseModel):
    """A Pydantic state."""

    query: str
    limit: int = 3


@dataclass
class Held:
    """A state of a dataclass, with messages of LangChain's own type."""

    history: Annotated[list[AnyMessage], operator.add] = field(default_factory=list)
    answer: str = ""


class Kept(TypedDict):
    """Messages by their name alone, added to by a reducer of Python's."""

    messages: Annotated[list, operator.add]  # type: ignore[type-arg]
    topic: str


class Dicts(TypedDict):
    """What is called messages, and is not LangChain's."""

    messages: Annotated[list[dict[str, str]], operator.add]


class Transcript(TypedDict):
    """Messages by their reducer alone."""

    talk: Annotated[list, partial(add_messages)]  # type: ignore[type-arg]
    title: str


def graph(state: Any, **schemas: Any) -> Any:
    made = StateGraph(state, **schemas).add_node("node", lambda _: {})
    return made.add_edge(START, "node").compile()


ROOT = Annotated[list[BaseMessage], add_messages]
PROMPT = ChatPromptTemplate.from_messages([MessagesPlaceholder("chat"), ("human", "{input}")])


def one_of(given: Any) -> Any:
    """A function of which LangChain reads what key it wants."""
    return given["one"]


@entrypoint()
def workflow(asked: Asked) -> str:
    return asked["topic"]


def unevaluated(asked: Any) -> str:
    return str(asked["topic"])


# As in a module that postpones the evaluation of annotations.
unevaluated.__annotations__["asked"] = "Asked"
workflow_of_text = entrypoint()(lambda text: text)
AGENTS: dict[str, Any] = {
    "messages": graph(MessagesState),
    "report": graph(Report),
    "asked": graph(Report, input_schema=Asked),
    "email": graph(Report, input_schema=Email),
    "logs": graph(Logs),
    "described": graph(Described),
    "held": graph(Held),
    "kept": graph(Kept),
    "dicts": graph(Dicts),
    "transcript": graph(Transcript),
    "root": graph(ROOT),
    "dict": RunnableLambda(lambda it: it).with_types(input_type=dict[str, Any]),
    "number": RunnableLambda(lambda it: it).with_types(input_type=int),
    "texts": RunnableLambda(lambda it: it).with_types(input_type=list[str]),
    "text": RunnableLambda(lambda it: it).with_types(input_type=str),
    "guessed": RunnableLambda(one_of),
    "prompt": PROMPT,
    "chained": graph(MessagesState).with_config(tags=["a"]) | RunnableLambda(lambda it: it),
    "parallel": RunnableParallel(one=str, other=str),
    "branch": RunnableBranch((bool, str), str),
    "workflow": workflow,
    "unevaluated": entrypoint()(unevaluated),
    "anything": workflow_of_text,
}
QUESTION = [HumanMessage("why?")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("messages", {"messages": QUESTION}),
        ("report", {"topic": "why?"}),
        ("asked", {"topic": "why?"}),
        ("described", {"query": "why?"}),
        ("held", {"history": QUESTION}),
        ("kept", {"messages": QUESTION}),
        ("transcript", {"talk": QUESTION}),
        ("root", QUESTION),
        ("text", "why?"),
        ("guessed", {"one": "why?"}),
        ("prompt", {"input": "why?"}),
        ("chained", {"messages": QUESTION}),
        ("parallel", "why?"),
        ("branch", "why?"),
        ("workflow", {"topic": "why?"}),
        ("unevaluated", {"topic": "why?"}),
        ("anything", "why?"),
    ],
)
def test_a_question_goes_where_it_fits(name: str, expected: Any) -> None:
    assert input_of(AGENTS[name], name, "why?") == expected


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("email", """--input '{"email": {}}'"""),
        ("dicts", """--input '{"messages": []}'"""),
        ("dict", "--input '{}'"),
        ("number", "--input '1'"),
        ("texts", "--input '[]'"),
    ],
)
def test_a_question_goes_into_nothing_else(name: str, example: str) -> None:
    with pytest.raises(UnusableError, match="not clear where a question goes") as refused:
        input_of(AGENTS[name], name, "why?")
    assert example in refused.value.args[1]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("report", {"depth": 2, "kind": "long", "notes": ["a"]}),
        ("asked", {"topic": "cats"}),
        ("logs", {"logs": [{"text": "a"}]}),
        ("email", {"email": {"from": "ann"}}),
        ("described", {"query": "why?"}),
        ("dict", {"any": 1}),
        ("guessed", {"two": 2}),
        ("prompt", {"input": "why?", "other": 1}),
        ("anything", [1]),
    ],
)
def test_what_fits_is_passed_on_as_it_is(name: str, given: Any) -> None:
    assert input_of(AGENTS[name], name, given) == given


@pytest.mark.parametrize(
    "given",
    [["why?"], "why?", [["human", "why?"]], [{"type": "human", "content": "why?"}]],
)
@pytest.mark.parametrize(("name", "key"), [("messages", "messages"), ("held", "history")])
def test_messages_are_what_langchain_takes_for_some(name: str, key: str, given: Any) -> None:
    assert input_of(AGENTS[name], name, {key: given}) == {key: QUESTION}


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("report", {"topik": ""}, "there is no topik in --input, did you mean topic?"),
        ("report", {"steps": 1}, "there is no steps in --input"),
        ("report", {"depth": "2"}, "depth of --input: input should be a valid integer"),
        ("report", {"kind": "odd"}, "kind of --input: input should be 'short' or 'long'"),
        ("report", {"notes": [1]}, "notes of --input: 0: input should be a valid string"),
        ("report", [1], "--input is not a JSON object"),
        ("logs", {"logs": [{"grade": "a"}]}, "0.grade: input should be a valid integer"),
        ("asked", {"depth": 1}, "there is no topic in --input"),
        ("asked", {"topic": "", "kind": "long"}, "there is no kind in --input"),
        ("workflow", {"depth": 1}, "there is no topic in --input"),
        ("described", {"query": "", "limit": None}, "limit of --input: input should be a valid"),
        ("described", {"limit": 1}, "there is no query in --input"),
        ("messages", {"messages": [1]}, "messages of --input: Unsupported message type"),
        ("number", {}, "input should be a valid integer"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(name: str, given: Any, message: str) -> None:
    with pytest.raises(UnusableError) as refused:
        input_of(AGENTS[name], name, given)
    assert message in refused.value.args[0]
    assert "for example --input '" in refused.value.args[1]


def test_types_are_shown_as_they_are_written() -> None:
    with pytest.raises(UnusableError) as refused:
        input_of(AGENTS["report"], "report", {"none": 1})
    shown = "topic: str, depth: int, kind: Literal['short', 'long'], notes: list[str];"
    assert shown in refused.value.args[1]
