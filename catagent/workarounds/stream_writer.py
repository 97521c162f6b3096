"""langgraph's stream writer, which says nothing of who writes, and only to those who stream.

The driver of an agent in its project's interpreter loads this file there, by its path.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

from langchain_core.runnables.config import RunnableConfig, ensure_config

# Where LangGraph keeps the runtime that a graph inherits from what runs it; the writer, before 0.6.
_RUNTIME_KEY, _WRITER_KEY = "__pregel_runtime", "__pregel_stream_writer"


def relayed(write: Callable[[str | None, Any], None], store: Any = None) -> dict[str, Any]:
    """What to configure a run with, so that all its graphs write to `write`, with their run's id.

    They have this `store`, unless they run in a `with_store`. Nothing where no graph can be in it:
    LangGraph is not even imported.
    """
    if "langgraph.pregel" not in sys.modules:
        return {}
    runtime: Any = sys.modules.get("langgraph.runtime")
    if runtime is None:
        return {_WRITER_KEY: partial(_write, write, lambda _: None)}

    class Relay(runtime.Runtime):  # type: ignore[misc]
        """A runtime that a graph's own is merged into, and those of graphs inside it in turn."""

        def merge(self, other: Any) -> Any:
            merged, writer = super().merge(other), other.stream_writer
            if getattr(writer, "func", None) is not _write:  # it inherits no other graph's
                writer = partial(_write, write, writer)
            values = {field.name: getattr(merged, field.name) for field in fields(merged)}
            return Relay(**{**values, "stream_writer": writer})

    return {_RUNTIME_KEY: Relay(store=store)}


def with_store(graph: Any) -> list[Callable[[RunnableConfig], RunnableConfig]]:
    """What a binding configures a graph with, so that it keeps its store in a `relayed` run."""
    if getattr(graph, "store", None) is None:
        return []

    def configured(config: RunnableConfig) -> RunnableConfig:
        runtime = config.get("configurable", {}).get(_RUNTIME_KEY)
        own = {} if runtime is None else {_RUNTIME_KEY: runtime.override(store=graph.store)}
        return {"configurable": own}

    return [configured]


def _write(
    write: Callable[[str | None, Any], None], inner: Callable[[Any], object], data: Any
) -> None:
    """Write to us, and to the graph's own stream.

    Called where `get_stream_writer()` is: in the task or thread of a node or tool.
    """
    manager = ensure_config().get("callbacks")
    run_id = getattr(manager, "parent_run_id", None)
    write(None if run_id is None else str(run_id), data)
    inner(data)
