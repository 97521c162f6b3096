"""What a graph wants as its context (`context_schema`): its defaults, as a server fills them in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from langchain_core.runnables import Runnable
from langchain_core.runnables.base import RunnableBindingBase
from pydantic import BaseModel

from catagent.errors import UsageError


def with_context(runnable: Runnable[Any, Any], graph: Any, name: str) -> Runnable[Any, Any]:
    """The runnable with a context of defaults for its `graph`, unless it is bound to one.

    Raises UsageError for a schema with fields that have none. Those of a TypedDict never have, and
    LangGraph takes an empty one for no context at all.
    """
    schema = getattr(graph, "context_schema", None)
    if schema is None or _is_bound(runnable):
        return runnable
    if wanted := ", ".join(_required(schema)):
        raise UsageError(
            f"the agent {name} wants a context ({schema.__name__}) with {wanted}",
            "give these fields defaults, or bring the agent as agent.bind(context=…)",
        )
    return runnable.bind(context={})


def _is_bound(runnable: Any) -> bool:
    if not isinstance(runnable, RunnableBindingBase):
        return False
    return "context" in runnable.kwargs or _is_bound(runnable.bound)


def _required(schema: Any) -> Iterator[str]:
    """The fields of a dataclass or pydantic model that have to be given."""
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        yield from (name for name, field in schema.model_fields.items() if field.is_required())
    elif dataclasses.is_dataclass(schema):
        for field in dataclasses.fields(schema):
            if field.init and field.default is field.default_factory is dataclasses.MISSING:
                yield field.name
