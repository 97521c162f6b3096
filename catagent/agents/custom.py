"""Makes what people bring fit: a graph, an AgentExecutor, any Runnable, tools, or a factory."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs
from langchain_core.tools import BaseTool
from langgraph.pregel import Pregel

from catagent.agents.code import explained
from catagent.agents.driver.factory import called
from catagent.agents.driver.inputs import input_of
from catagent.agents.driver.kinds import compiled, is_a, kind_of, unbound
from catagent.agents.driver.needs import configured
from catagent.agents.inside import fitted
from catagent.errors import UsageError
from catagent.sources.base import AgentRun, AgentShape

if TYPE_CHECKING:
    from catagent.agents.open import AgentRequest

_HINT = "bring a Runnable, a graph, a list of tools, or a function that returns one of them"


@explained()
def adapt(found: Any, name: str, request: AgentRequest) -> AgentRun:
    """Return a run of whatever stands at `name`. Raises UsageError for what cannot be run."""
    offered = {"model": lambda: request.models.agent, "tool_model": lambda: request.models.tool}
    found = called(found, name, offered, "a factory may take model and tool_model, or nothing")
    if inspect.isawaitable(found):
        if inspect.iscoroutine(found):
            found.close()
        raise UsageError(f"the agent {name} is an asynchronous function", _HINT)
    if isinstance(found, list | tuple):
        found = _agent_of(found, name, request)
    runnable = _runnable(found, f"the agent {name}", _HINT)
    options: Any = {"run_name": name.rpartition(":")[2], **configured(request.configurable)}
    config = merge_configs(request.config, options)
    return fit(
        runnable,
        request.input,
        config,
        context=request.context,
        max_steps=request.max_steps,
        raw=request.raw,
    )


@explained()
def fit(
    agent: Any,
    given: Any,
    config: RunnableConfig,
    *,
    context: Any = None,
    max_steps: int,
    raw: bool = False,
) -> AgentRun:
    """Return a run of an agent that is at hand, on a question as text or on its own input.

    Raises UsageError for what cannot be run, for a text that fits nowhere in its input, and where
    its context misses something.
    """
    runnable = _runnable(agent, "the agent", "bring a Runnable, a graph or an AgentExecutor")
    name = config.get("run_name") or runnable.get_name()
    made = input_of(runnable, name, given)
    inner = unbound(runnable)
    other: AgentShape = "executor" if is_a(inner, "AgentExecutor") else "other"
    shape: AgentShape = "graph" if isinstance(inner, Pregel) else other
    ready = fitted(runnable, name, max_steps, given=context)
    config = {**config, "run_name": name}
    return AgentRun(ready, made, shape, config=config, max_steps=max_steps, raw=raw)


def _runnable(found: Any, name: str, hint: str) -> Runnable[Any, Any]:
    found = compiled(found)
    if not isinstance(found, Runnable):
        raise UsageError(f"{name} is {kind_of(found)}, which cannot be run", hint)
    return found


def _agent_of(tools: Iterable[Any], name: str, request: AgentRequest) -> Runnable[Any, Any]:
    from langchain.agents import create_agent

    tools = list(tools)
    for tool in tools:
        if not callable(tool) and not isinstance(tool, BaseTool):
            raise UsageError(f"the agent {name} has {kind_of(tool)} among its tools", _HINT)
    return create_agent(request.models.agent, tools, name=name.rpartition(":")[2])
