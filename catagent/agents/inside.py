"""What graphs and executors need to run here, wherever they are inside of what people bring."""

from collections.abc import Callable
from functools import partial
from typing import Any

from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.runnables.base import RunnableBindingBase, RunnableSerializable
from langgraph.pregel import Pregel

from catagent.agents.driver.kinds import is_a
from catagent.agents.driver.needs import context_of
from catagent.workarounds.stream_writer import with_store

# The recursion limit that `create_agent` binds every agent to, which is nobody's choice.
_NOBODYS = 9_999
# About LangGraph's own default: steps are counted while the graph runs (sources/bounds.py).
_NO_LIMIT = 10_000


def fitted(
    runnable: Runnable[Any, Any],
    name: str,
    max_steps: int,
    *,
    given: Any = None,
    in_chain: bool = False,
    has_context: bool = False,
) -> Runnable[Any, Any]:
    """The runnable called `name` with all graphs and executors in it ready to run.

    `given` is the graphs' context. `in_chain` where it is part of a chain, `has_context` where it
    is bound to a context. Raises UnusableError for a graph whose context does not fit.
    """
    if isinstance(runnable, Pregel):
        context = {} if has_context else context_of(runnable, name, given)
        if in_chain:
            return _chained(runnable, context)
        stores = with_store(runnable)
        return RunnableBinding(bound=runnable, kwargs=context, config={}, config_factories=stores)
    if is_a(runnable, "AgentExecutor"):  # the classic package is optional
        return _limited(runnable, max_steps + 1)
    # A binding, a chain or the like of LangChain's, of which the parts are its fields.
    is_langchains = type(runnable).__module__.startswith("langchain_core.runnables.")
    if not (isinstance(runnable, RunnableSerializable) and is_langchains):
        return runnable
    if isinstance(runnable, RunnableBindingBase):
        has_context |= "context" in runnable.kwargs
    else:
        in_chain = True
    inner = partial(
        fitted,
        name=name,
        max_steps=max_steps,
        given=given,
        in_chain=in_chain,
        has_context=has_context,
    )
    return runnable.model_copy(update={field: _each(value, inner) for field, value in runnable})


def _each(value: Any, change: Callable[[Runnable[Any, Any]], Runnable[Any, Any]]) -> Any:
    """The value with every runnable in it changed."""
    if isinstance(value, Runnable):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_each(item, change) for item in value)
    if type(value) is dict:
        return {key: _each(item, change) for key, item in value.items()}
    return value


def _chained(graph: Pregel[Any, Any, Any, Any], context: dict[str, Any]) -> Runnable[Any, Any]:
    """The graph as part of a chain: it streams its states, and what follows waits for the last.

    A chain passes on LangChain's default of 25 as the limit, in the place of the graph's own. A
    binding takes that for none, and here passes on the graph's.
    """
    limit = (graph.config or {}).get("recursion_limit", _NOBODYS)
    return RunnableBinding(
        bound=graph.copy({"stream_mode": "values"}),
        kwargs=context,
        config_factories=with_store(graph),
        config={"recursion_limit": _NO_LIMIT if limit == _NOBODYS else limit},
    )


def _limited(executor: Any, most: int) -> Runnable[Any, Any]:
    """The executor with our limit where its author chose none: the default of 15 is no choice."""
    if "max_iterations" not in executor.model_fields_set:
        executor = executor.model_copy(update={"max_iterations": most})
    return executor  # type: ignore[no-any-return]  # an AgentExecutor
