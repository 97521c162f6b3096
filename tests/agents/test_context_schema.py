"""The context of a graph that declares one: its defaults are filled in, what has none is named."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolRuntime
from langgraph.runtime import Runtime
from pydantic import BaseModel
from typing_extensions import TypedDict

from catagent.agents.custom import fit
from catagent.agents.driver.kinds import UnusableError
from catagent.agents.driver.needs import configured, context_of, require_context
from catagent.config import Mode
from catagent.errors import UsageError
from catagent.events import types as ev
from tests.support.agents import MODES, collect
from tests.support.fakes import Listed


@dataclasses.dataclass
class Defaults:
    """A context."""

    model: str = "m"
    tags: list[str] = dataclasses.field(default_factory=list)


class Described(BaseModel):
    """A context."""

    model: str = "m"


@dataclasses.dataclass
class Demanding:
    """A context."""

    user_id: str
    tenant: str
    model: str = "m"


class Strict(BaseModel):
    """A context."""

    user_id: str
    model: str = "m"


def graph(schema: Any, inner: Any = None) -> Any:
    def say(state: MessagesState, runtime: Runtime[Any]) -> Any:
        return {"messages": [AIMessage(f"model {runtime.context.model}")]}

    made = StateGraph(MessagesState, context_schema=schema)
    return made.add_node("say", inner or say).add_edge(START, "say").compile()


def agent_with_a_tool() -> Any:
    @tool
    def model_of(runtime: ToolRuntime[Defaults]) -> str:
        """Say the model."""
        return f"model {runtime.context.model}"

    call = {"name": "model_of", "args": {}, "id": "c1", "type": "tool_call"}
    model = Listed(responses=[AIMessage("", tool_calls=[call]), AIMessage("model m")])
    return create_agent(model, [model_of], context_schema=Defaults)


AGENTS: dict[str, Any] = {
    "dataclass": lambda: graph(Defaults),
    "pydantic": lambda: graph(Described),
    "subgraph": lambda: graph(Defaults, graph(Defaults)),
    "configured": lambda: graph(Defaults).with_config(tags=["a"]),
    "in a chain": lambda: RunnableLambda(lambda q: {"messages": [("user", q)]}) | graph(Defaults),
    "create_agent": agent_with_a_tool,
    "bound": lambda: graph(Demanding).bind(context=Demanding("ann", "cats")),
    "bound and configured": lambda: (
        graph(Demanding).bind(context=Demanding("ann", "cats")).with_config(tags=["a"])
    ),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", AGENTS)
def test_a_context_of_defaults_is_filled_in(name: str, mode: Mode) -> None:
    outcome = asyncio.run(collect(mode, fit(AGENTS[name](), "q", {}, max_steps=5)))
    assert outcome.error is None
    assert outcome.of(ev.Answer)[0].data.output == "model m"


@pytest.mark.parametrize(
    ("schema", "wanted"), [(Demanding, "user_id, tenant"), (Strict, "user_id")]
)
@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: it | RunnableLambda(lambda out: out)])
def test_a_context_that_has_no_defaults_is_asked_for(schema: Any, wanted: str, wrap: Any) -> None:
    with pytest.raises(UsageError, match=f"there is no {wanted} in --context$") as refused:
        fit(wrap(graph(schema)), "q", {}, max_steps=5)
    assert "bind(context" in refused.value.hint


class Partly(TypedDict):
    """A context, of which LangGraph asks for nothing."""

    user_id: str
    depth: int


@pytest.mark.parametrize(
    ("schema", "given", "expected"),
    [
        (Demanding, {"user_id": "ann", "tenant": "a"}, {"user_id": "ann", "tenant": "a"}),
        (Strict, {"user_id": "ann"}, {"user_id": "ann"}),
        (Partly, {"depth": 1}, {"depth": 1}),
        (Partly, None, {}),
        (Defaults, None, {}),
    ],
)
def test_a_context_that_fits_is_passed_on(schema: Any, given: Any, expected: Any) -> None:
    assert context_of(graph(schema), "graph", given) == {"context": expected}


@pytest.mark.parametrize(
    ("schema", "given", "message"),
    [
        (Defaults, {"modle": "m"}, "there is no modle in --context, did you mean model?"),
        (Defaults, {"tags": "a"}, "tags of --context: input should be a valid array"),
        (Strict, {"model": "m"}, "there is no user_id in --context"),
        (Partly, {"depth": "1"}, "depth of --context: input should be a valid integer"),
        (None, {"a": 1}, "takes no context"),
    ],
)
def test_a_context_that_does_not_fit_is_refused(schema: Any, given: Any, message: str) -> None:
    agent, judge = graph(schema), context_of if schema else require_context
    with pytest.raises(UnusableError) as refused:
        judge(agent, "graph", given)
    assert message in refused.value.args[0]
    assert "--context" in refused.value.args[1]


def test_a_context_goes_to_the_graphs_in_a_chain() -> None:
    chain = RunnableLambda(lambda q: {"messages": [("user", q)]}) | graph(Strict)
    given = {"user_id": "ann", "model": "mine"}
    require_context(chain, "chain", given)
    run = fit(chain, "q", {}, context=given, max_steps=5)
    outcome = asyncio.run(collect("events", run))
    assert outcome.of(ev.Answer)[0].data.output == "model mine"


CHOSEN = PromptTemplate.from_template("{text}").configurable_fields(
    template=ConfigurableField(id="speaker")
)


@pytest.mark.parametrize(
    ("agent", "given", "expected"),
    [
        (graph(Defaults), {"model": "7", "tags": '["a"]', "other": "7"}, ["7", ["a"], 7]),
        (CHOSEN, {"speaker": "7", "other": "[no json", "thread_id": "7"}, ["7", "[no json", "7"]),
        (CHOSEN, {"deep": "[" * 9_000}, ["[" * 9_000]),
    ],
)
def test_what_is_configurable_is_of_its_type(agent: Any, given: Any, expected: Any) -> None:
    assert list(configured(given, "agent", agent)["configurable"].values()) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"modle": "m"}, "there is no modle in --configurable, did you mean model?"),
        ({"tags": "a"}, "tags of --configurable: input should be a valid array"),
    ],
)
def test_what_is_configurable_wrongly_is_refused(given: Any, message: str) -> None:
    with pytest.raises(UnusableError, match=message.replace("?", r"\?")):
        configured(given, "agent", graph(Defaults))
