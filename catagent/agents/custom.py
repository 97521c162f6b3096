"""Makes what people bring fit: a graph, an AgentExecutor, any Runnable, tools, or a factory."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.config import merge_configs
from langchain_core.tools import BaseTool
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from catagent.agents.base import AgentRequest
from catagent.agents.driver import UnusableError, input_of, is_required
from catagent.agents.inside import fitted, is_executor
from catagent.errors import UsageError
from catagent.redact import shortened
from catagent.sources.base import AgentRun, AgentShape

_HINT = "bring a Runnable, a graph, a list of tools, or a function that returns one of them"


def adapt(found: Any, name: str, request: AgentRequest) -> AgentRun:
    """Return a run of whatever stands at `name`. Raises UsageError for what cannot be run."""
    called = name.rpartition(":")[2]
    if callable(found) and not isinstance(found, Runnable | BaseTool):
        found = _call(found, name, request)
    if isinstance(found, list | tuple):
        found = _agent_of(found, name, request)
    runnable = _runnable(found, f"the agent {name}", _HINT)
    config = merge_configs({"run_name": called}, request.config)
    made = _input(runnable, name, request.question)
    return _made(runnable, made, config, request.max_steps, raw=request.raw)


def fit(
    agent: Any, given: Any, config: RunnableConfig, *, max_steps: int, raw: bool = False
) -> AgentRun:
    """Return a run of an agent that is at hand, on a question as text or on its own input.

    Raises UsageError for what cannot be run, and for a text that fits nowhere in its input.
    """
    runnable = _runnable(agent, "the agent", "bring a Runnable, a graph or an AgentExecutor")
    name = config.get("run_name") or runnable.get_name()
    made = _input(runnable, name, given) if isinstance(given, str) else given
    return _made(runnable, made, {**config, "run_name": name}, max_steps, raw=raw)


def _made(
    runnable: Runnable[Any, Any], made: Any, config: RunnableConfig, max_steps: int, *, raw: bool
) -> AgentRun:
    inner = _unbound(runnable)
    other: AgentShape = "executor" if is_executor(inner) else "other"
    shape: AgentShape = "graph" if isinstance(inner, Pregel) else other
    ready = fitted(runnable, config["run_name"], max_steps)
    return AgentRun(ready, made, shape, config=config, max_steps=max_steps, raw=raw)


def _runnable(found: Any, name: str, hint: str) -> Runnable[Any, Any]:
    if isinstance(found, StateGraph):
        found = found.compile()
    if not isinstance(found, Runnable):
        raise UsageError(f"{name} is {_kind(found)}, which cannot be run", hint)
    return found


def _call(factory: Any, name: str, request: AgentRequest) -> Any:
    """Call a factory with what it asks for by name: `model`, `tool_model`, or nothing."""
    offered = {"model": "agent", "tool_model": "tool"}
    arguments = {}
    for parameter in inspect.signature(factory).parameters.values():
        if parameter.name in offered:
            arguments[parameter.name] = getattr(request.models, offered[parameter.name])
        elif is_required(parameter):
            message = f"the agent {name} wants an argument called {parameter.name!r}"
            raise UsageError(message, "a factory may take model and tool_model, or nothing")
    found = factory(**arguments)
    if inspect.isawaitable(found):
        if inspect.iscoroutine(found):
            found.close()
        raise UsageError(f"the agent {name} is an asynchronous function", _HINT)
    return found


def _agent_of(tools: Iterable[Any], name: str, request: AgentRequest) -> Runnable[Any, Any]:
    from langchain.agents import create_agent

    tools = list(tools)
    for tool in tools:
        if not callable(tool) and not isinstance(tool, BaseTool):
            raise UsageError(f"the agent {name} has {_kind(tool)} among its tools", _HINT)
    return create_agent(request.models.agent, tools, name=name.rpartition(":")[2])


def _kind(found: Any) -> str:
    return f"the {'class' if isinstance(found, type) else 'object'} {shortened(repr(found), 80)}"


def _unbound(runnable: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """What `with_config`, `with_retry` and `bind` wrap, which passes on all that it streams."""
    while isinstance(runnable, RunnableBindingBase):
        runnable = runnable.bound
    return runnable


def _input(runnable: Runnable[Any, Any], name: str, question: str) -> Any:
    try:
        return input_of(runnable, name, question)
    except UnusableError as error:
        raise UsageError(*error.args) from None
