"""langgraph's stream writer, which says nothing of who writes, and only to those who stream."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from langchain_core.runnables.config import RunnableConfig, ensure_config

# Where LangGraph keeps the runtime that a graph inherits from what runs it.
_RUNTIME_KEY = "__pregel_runtime"


def relayed(write: Callable[[str | None, Any], None], store: Any = None) -> dict[str, Any]:
    """What to configure a run with, so that all its graphs write to `write`, with their run's id.

    They have this `store`, unless they run in a `with_store`. Nothing where no graph can be in it:
    LangGraph is not even imported.
    """
    runtime = sys.modules.get("langgraph.runtime")
    if runtime is None or "langgraph.pregel" not in sys.modules:
        return {}

    class Relay(runtime.Runtime):  # type: ignore[name-defined,misc]
        """A runtime that a graph's own is merged into, all but the writer."""

        def merge(self, other: Any) -> Any:
            both = partial(_write, write, other.stream_writer)
            return super().merge(other).override(stream_writer=both)

    return {_RUNTIME_KEY: Relay(store=store)}


def with_store(graph: Any) -> list[Callable[[RunnableConfig], RunnableConfig]]:
    """What a binding configures a graph with, so that it keeps its store in a `relayed` run."""
    if graph.store is None:
        return []

    def configured(config: RunnableConfig) -> RunnableConfig:
        runtime = config.get("configurable", {}).get(_RUNTIME_KEY)
        own = {} if runtime is None else {_RUNTIME_KEY: runtime.override(store=graph.store)}
        return {"configurable": own}

    return [configured]


def _write(
    write: Callable[[str | None, Any], None], inner: Callable[[Any], object], data: Any
) -> None:
    """Write to us, and to the graph's own stream. A graph inside inherits it, as it is.

    Called where `get_stream_writer()` is: in the task or thread of a node or tool.
    """
    manager = ensure_config().get("callbacks")
    run_id = getattr(manager, "parent_run_id", None)
    write(None if run_id is None else str(run_id), data)
    inner(data)
