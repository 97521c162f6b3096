"""Makes what people bring fit: a graph, an AgentExecutor, any Runnable, tools, or a factory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs
from langchain_core.tools import BaseTool
from langgraph.pregel import Pregel

from catagent.agents.code import explained
from catagent.agents.driver.breakpoints import Breakpoints
from catagent.agents.driver.describe import describe
from catagent.agents.driver.factory import called, offered, opened, runnable_of
from catagent.agents.driver.inputs import input_of
from catagent.agents.driver.inside import Fitting
from catagent.agents.driver.kinds import is_a, kind_of, unbound
from catagent.agents.driver.mending import next_input, undone
from catagent.agents.driver.needs import configured, identified, require_context
from catagent.agents.driver.nested import hand_on_outputs
from catagent.agents.driver.supplies import Supplies
from catagent.errors import UsageError
from catagent.sources.base import AgentRun, AgentShape
from catagent.workarounds.stream_writer import with_store

if TYPE_CHECKING:
    from catagent.agents.open import AgentRequest

_HINT = "bring a Runnable, a graph, a list of tools, or a function that returns one of them"


@explained()
def made(found: Any, name: str, request: AgentRequest) -> Any:
    """Return what the factory at `name` makes, or what stands there if that is none."""
    models = request.models
    ours = {"model": lambda _: models.agent, "tool_model": lambda _: models.tool}
    offers = offered(_config(name, request), request.context, request.supplies)
    return called(found, name, {**ours, **offers})


@contextlib.asynccontextmanager
async def adapted(found: Any, name: str, request: AgentRequest) -> AsyncIterator[AgentRun]:
    """A run of what was `made`, which is open meanwhile. Raises UsageError for what cannot be run.

    On the event loop of the run.
    """
    async with opened(found) as agent:
        run = _run_of(agent, name, request)
        with explained():
            given = await next_input(
                run.runnable, name, run.config, run.input, request.resume, request.passed
            )
        yield replace(run, input=given)


async def undo(found: Any, name: str, request: AgentRequest) -> None:
    """Take the last turn out of a thread that the agent itself keeps, which was `made`."""
    async with opened(found) as agent:
        with explained():
            runnable = _runnable(agent, name, request)
            await undone(runnable, _config(name, request, runnable))


async def described(found: Any, name: str, request: AgentRequest) -> dict[str, Any]:
    """What the agent takes and gives that was `made`, as the driver's `describe` has it."""
    async with opened(found) as agent:
        with explained():
            return describe(_runnable(agent, name, request))


def _runnable(found: Any, name: str, request: AgentRequest) -> Any:
    if isinstance(found, list | tuple):
        found = _agent_of(found, name, request)
    return runnable_of(found, f"the agent {name}", _HINT)


@explained()
def _run_of(found: Any, name: str, request: AgentRequest) -> AgentRun:
    runnable, called_by = _runnable(found, name, request), name.rpartition(":")[2]
    require_context(runnable, called_by, request.context)
    run = fit(
        runnable,
        None if request.resume is not None else input_of(runnable, called_by, request.input),
        _config(name, request, runnable),
        context=request.context,
        max_steps=request.max_steps,
        raw=request.raw,
        supplies=request.supplies,
    )
    stops = Breakpoints.wanted(request.breaks, request.passed, step=request.step)
    return replace(run, breakpoints=stops)


def _config(name: str, request: AgentRequest, agent: Any = None) -> RunnableConfig:
    name = name.rpartition(":")[2]
    options: Any = {"run_name": name, **configured(request.configurable, name, agent)}
    return merge_configs(request.config, options)


@explained()
def fit(
    agent: Any,
    given: Any,
    config: RunnableConfig,
    *,
    context: Any = None,
    max_steps: int,
    raw: bool = False,
    supplies: Supplies | None = None,
) -> AgentRun:
    """Return a run of an agent that is at hand, on a question as text or on its own input.

    It is changed, to have what `supplies` has. Raises UsageError for what cannot be run, for a text
    that fits nowhere in its input, and where its context misses something.
    """
    runnable = runnable_of(agent, "the agent", _HINT)
    name = config.get("run_name") or runnable.get_name()
    made = input_of(runnable, name, given) if isinstance(given, str) else given
    inner = unbound(runnable)
    other: AgentShape = "executor" if is_a(inner, "AgentExecutor") else "other"
    shape: AgentShape = "graph" if isinstance(inner, Pregel) else other
    more = {**(supplies.supply(runnable) if supplies else {}), **identified(runnable, config)}
    hand_on_outputs(runnable)
    ready = Fitting(name, with_store, context, max_steps).of(runnable)
    ready = ready.bind(**more) if more else ready
    config, store = {**config, "run_name": name}, supplies.store if supplies else None
    return AgentRun(ready, made, shape, config=config, store=store, max_steps=max_steps, raw=raw)


def _agent_of(tools: Iterable[Any], name: str, request: AgentRequest) -> Runnable[Any, Any]:
    from langchain.agents import create_agent

    tools = list(tools)
    for tool in tools:
        if not callable(tool) and not isinstance(tool, BaseTool):
            raise UsageError(f"the agent {name} has {kind_of(tool)} among its tools", _HINT)
    return create_agent(request.models.agent, tools, name=name.rpartition(":")[2])
