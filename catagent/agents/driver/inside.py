"""What graphs and executors need to be run, wherever they are inside of what people bring."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from .kinds import is_a
from .needs import context_of

# The recursion limit that `create_agent` binds every agent to, which is nobody's choice.
_NOBODYS = 9_999
# About LangGraph's own default: steps are counted while the graph runs (sources/bounds.py).
_NO_LIMIT = 10_000


class Fitting(NamedTuple):
    """Makes all graphs and executors in an agent of this `name` ready to run.

    `stores` says how a graph's binding is configured to keep its store, `context` is the graphs',
    `max_steps` None where nobody counts them: then limits stay as they are.
    """

    name: str
    stores: Callable[[Any], list[Any]]
    context: Any = None
    max_steps: int | None = None

    def of(self, runnable: Any, *, in_chain: bool = False, has_context: bool = False) -> Any:
        """The runnable, ready; `in_chain` where it is part of one, `has_context` bound to one.

        Raises UnusableError for a graph whose context does not fit.
        """
        if is_a(runnable, "Pregel"):
            context = {} if has_context else context_of(runnable, self.name, self.context)
            return self._bound(runnable, context, in_chain=in_chain)
        if is_a(runnable, "AgentExecutor"):
            return self._limited(runnable)
        # A binding, a chain or the like of LangChain's, of which the parts are its fields.
        is_langchains = type(runnable).__module__.startswith("langchain_core.runnables.")
        if not (is_a(runnable, "RunnableSerializable") and is_langchains):
            return runnable
        if is_a(runnable, "RunnableBindingBase"):
            has_context |= "context" in runnable.kwargs
        else:
            in_chain = True
        inner = partial(self.of, in_chain=in_chain, has_context=has_context)
        return _copied(runnable, {field: _each(value, inner) for field, value in runnable})

    def _bound(self, graph: Any, context: dict[str, Any], *, in_chain: bool) -> Any:
        """In a chain, what follows a graph waits for its end.

        A chain passes on LangChain's default of 25 as the limit, in the place of the graph's own. A
        binding takes that for none, and here passes on the graph's.
        """
        config, stores = {}, self.stores(graph)
        if in_chain and self.max_steps is not None:
            limit = (graph.config or {}).get("recursion_limit", _NOBODYS)
            config = {"recursion_limit": _NO_LIMIT if limit == _NOBODYS else limit}
        module: Any = importlib.import_module(f"{__package__}.whole")
        bind = module.Whole if in_chain else module.RunnableBinding
        return bind(bound=graph, kwargs=context, config=config, config_factories=stores)

    def _limited(self, executor: Any) -> Any:
        """With our limit where its author chose none: the default of 15 is no choice."""
        if self.max_steps is None or "max_iterations" in executor.model_fields_set:
            return executor
        return _copied(executor, {"max_iterations": self.max_steps + 1})


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with every runnable in it changed."""
    if is_a(value, "Runnable"):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_each(item, change) for item in value)
    if type(value) is dict:
        return {key: _each(item, change) for key, item in value.items()}
    return value


def _copied(model: Any, update: dict[str, Any]) -> Any:
    """A copy of a model of Pydantic's, also where that is old."""
    return getattr(model, "model_copy", model.copy)(update=update)
