"""The limits that an agent's author set: they hold, and ours where there are none.

A config that is passed on overrides what a graph was bound to, and a chain always passes one on.
So here every graph that can be seen insists on its own. Ours is not a number in a config, which
would take the place of limits further inside: the tracker counts (step_limit.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from langchain_core.runnables import (
    Runnable,
    RunnableBinding,
    RunnableBranch,
    RunnableConfig,
    RunnableParallel,
    RunnableSequence,
)
from langchain_core.runnables.base import RunnableBindingBase, RunnableEachBase
from langchain_core.runnables.configurable import DynamicRunnable
from langchain_core.runnables.fallbacks import RunnableWithFallbacks
from langchain_core.runnables.passthrough import RunnableAssign
from langgraph.pregel import Pregel

from catagent.errors import StepLimitError
from catagent.failures.limits import author_allows, author_stopped
from catagent.sources.step_limit import backstop, step_limit

# What `create_agent` binds every agent to.
_NOBODYS = 9_999
_CONTAINERS = (
    *(RunnableBindingBase, RunnableSequence, RunnableParallel, RunnableBranch),
    *(RunnableWithFallbacks, RunnableAssign, RunnableEachBase, DynamicRunnable),
)
# What stands in the place of an answer where a limit ended an agent: of AgentExecutor, of
# `create_react_agent`, and of LangChain's middleware.
_GIVEN_UP = re.compile(
    r"Agent stopped due to (iteration limit or time limit|max iterations)\."
    r"|Sorry, need more steps to process this request\."
    r"|Model call limits exceeded: (thread|run) limit \("
    r"|('.*' tool|Tool) call limit reached: (thread|run) limit exceeded \("
)


def bounded(
    runnable: Runnable[Any, Any],
    max_steps: int,
    outer: int | None = None,
    *,
    in_chain: bool = False,
) -> Runnable[Any, Any]:
    """The runnable with its author's limits wherever they are, and with ours in executors.

    `outer` is the recursion limit that its author bound to what is around it. `in_chain`, where a
    graph of nobody's limit would get LangChain's default of 25.
    """
    if isinstance(runnable, Pregel):
        most = outer or recursion_limit(runnable.config)
        if in_chain:
            return _insisting(runnable, most or backstop(max_steps))
        return runnable.with_config(recursion_limit=most) if most else runnable
    if _is_executor(runnable):
        return _limited(runnable, max_steps + 1)
    if not isinstance(runnable, _CONTAINERS):
        return runnable
    if isinstance(runnable, RunnableBindingBase):
        outer = outer or recursion_limit(runnable.config)
    # A binding drops LangChain's default.
    in_chain = not isinstance(runnable, RunnableBindingBase)
    parts = {name: value for name, value in runnable if name not in ("config", "kwargs")}
    inner = partial(bounded, max_steps=max_steps, outer=outer, in_chain=in_chain)
    return runnable.model_copy(update=_each(parts, inner))


def _each(value: Any, change: Callable[[Runnable[Any, Any]], Runnable[Any, Any]]) -> Any:
    """The value with every runnable in it changed."""
    if isinstance(value, Runnable):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_each(item, change) for item in value)
    if type(value) is dict:
        return {key: _each(item, change) for key, item in value.items()}
    return value


def _limited(executor: Any, most: int) -> Runnable[Any, Any]:
    """The executor, also stopped by itself once nothing but that would stop it."""
    iterations = min(_iterations(executor) or most, most)
    limited: Runnable[Any, Any] = executor.model_copy(update={"max_iterations": iterations})
    return limited


def _insisting(graph: Pregel[Any, Any, Any, Any], most: int) -> Runnable[Any, Any]:
    """The graph bound to a limit that the config of a chain does not override."""
    config = cast("RunnableConfig", {"recursion_limit": most})
    # LangChain takes 25, its default, for none: then it is the graph's own that holds.
    return RunnableBinding(bound=graph.with_config(config), config_factories=[lambda _: config])


def recursion_limit(config: Mapping[str, Any] | None) -> int | None:
    """The recursion limit that somebody chose, if a config has one."""
    chosen = (config or {}).get("recursion_limit")
    return None if chosen == _NOBODYS else chosen


def given_up(text: str) -> bool:
    """Whether a text is what an agent says in the place of an answer where a limit ended it."""
    return _GIVEN_UP.match(text) is not None


def limit_behind(text: str, runnable: Any, max_steps: int) -> StepLimitError:
    """The error of a limit that an agent gave up at, with this text. Without an own, it is ours."""
    while isinstance(runnable, RunnableBindingBase):
        runnable = runnable.bound
    if not _is_executor(runnable):
        return author_stopped(text)
    allowed = [f"{_iterations(runnable)} steps (max_iterations)"] if _iterations(runnable) else []
    if runnable.max_execution_time:
        allowed.append(f"{runnable.max_execution_time:g} s (max_execution_time)")
    return author_allows(" or ".join(allowed)) if allowed else step_limit(max_steps)


def _is_executor(runnable: Any) -> bool:
    """The classic package is optional, so its AgentExecutor is known by its name."""
    return any(kind.__name__ == "AgentExecutor" for kind in type(runnable).__mro__)


def _iterations(executor: Any) -> int | None:
    """How many steps its author chose to allow. The default of 15 is nobody's choice."""
    chosen = "max_iterations" in executor.model_fields_set
    return executor.max_iterations or None if chosen else None
