"""The context of a graph that declares one: its defaults are filled in, what has none is named."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolRuntime
from langgraph.runtime import Runtime
from pydantic import BaseModel

from catagent.agents.custom import fit
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
    with pytest.raises(UsageError, match=f"wants a context .* with {wanted}$") as refused:
        fit(wrap(graph(schema)), "q", {}, max_steps=5)
    assert "bind(context" in refused.value.hint
