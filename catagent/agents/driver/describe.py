"""Says what an agent takes and gives: for a person, and as JSON Schemas."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .inputs import input_taken, key_of_a_question
from .kinds import unbound
from .needs import configurable_taken, context_taken
from .schemas import Field, fields_of
from .taken import Taken


def describe(agent: Any) -> dict[str, Any]:
    """What an agent takes and gives, as plain data.

    A line for each key of its input, output, context and of what is configurable, under `lines`;
    the arguments of `ask` that it can be run with, under `example`; the JSON Schemas that it has
    under `schemas`.
    """
    taken, context = input_taken(agent), context_taken(unbound(agent))
    given = {"input": taken, "output": _output(agent), "context": context}
    given["configurable"] = configurable_taken(agent)
    is_asked = key_of_a_question(taken) is not None and len(taken.wanted) <= 1
    example = '"a question"' if is_asked else taken.example
    if context is not None and context.wanted:
        example = f"{example} {context.example}"
    return {
        "lines": {name: lines_of(each) for name, each in given.items() if each is not None},
        "example": example,
        "schemas": dict(_schemas(agent)),
    }


def lines_of(taken: Taken) -> list[str]:
    """A line for each key that is taken: its type, its default, or that it is required."""
    fields = taken.fields.items()
    # A `<factory>` says nothing.
    more = {key: f" = {field.default:.60}" for key, field in fields if field.default[:1] not in "<"}
    more.update(dict.fromkeys(taken.wanted, ", required"))
    return [f"{key}: {field}{more.get(key, '')}" for key, field in fields] or [str(taken.value)]


def _output(agent: Any) -> Taken:
    builder = getattr(unbound(agent), "builder", None)
    schema = getattr(builder, "output_schema", None) or getattr(builder, "output", None)
    with contextlib.suppress(Exception):  # where LangChain cannot infer it
        schema = schema or agent.OutputType
    return Taken("output", fields_of(schema), Field.of(Any if schema is None else schema))


def _schemas(agent: Any) -> Iterator[tuple[str, Any]]:
    """What Pydantic can describe of it, of LangChain 0.3 and later."""
    for name in ("input", "output", "context"):
        with contextlib.suppress(Exception):
            if schema := getattr(unbound(agent), f"get_{name}_jsonschema")():
                yield name, schema
