"""Says what an agent on a server takes and gives, by the JSON Schemas that the server has of it."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Literal

from catagent.agents.driver.describe import lines_of
from catagent.agents.driver.inputs import key_of_a_question
from catagent.agents.driver.schemas import Field
from catagent.agents.driver.taken import Taken

Schema = Mapping[str, Any]

_KINDS = {"string": str, "integer": int, "number": float, "boolean": bool, "null": type(None)}
_KINDS |= {"object": dict, "array": list}
# A schema may be anything, and lead to itself: so much of it is shown.
_DEEPEST, _MOST = 4, 8


def described(schemas: Schema) -> dict[str, Any]:
    """What `driver.describe` says of an agent here; nothing of what the server does not tell.

    `schemas` are as the API gives them: `input_schema` and others, each None where it has none.
    """
    told = {name: schemas.get(f"{name}_schema") for name in ("input", "output", "state", "context")}
    shown = {name: taken(f"--{name}", schema) for name, schema in told.items() if schema}
    if told["input"]:
        shown.pop("state", None)
    asked, context = input_taken(schemas), shown.get("context")
    is_asked = key_of_a_question(asked) is not None and len(asked.wanted) <= 1
    example = '"a question"' if is_asked else asked.example
    if context is not None and context.wanted:
        example = f"{example} {context.example}"
    lines = {name: lines_of(each) for name, each in shown.items()}
    return {"lines": lines, "example": example, "schemas": told}


def input_taken(schemas: Schema) -> Taken:
    """What an agent takes, by the schema of its input, else of its state; messages by neither."""
    messages = {"messages": Field(takes_messages=True)}
    schema = schemas.get("input_schema") or schemas.get("state_schema")
    return taken("--input", schema) if schema else Taken("--input", messages)


def taken(option: str, schema: Any) -> Taken:
    """What is taken for an option, by a JSON Schema, which may be anything."""
    whole = schema if isinstance(schema, Mapping) else {}
    required, properties = whole.get("required"), whole.get("properties")
    fields = {
        str(key): Field(
            _kind(field, whole),
            isinstance(required, list) and key in required,
            key == "messages" or "/HumanMessage'" in str(field),
            "" if default is None else repr(default),
        )
        for key, field in (properties.items() if isinstance(properties, Mapping) else ())
        for default in [field.get("default") if isinstance(field, Mapping) else None]
    }
    return Taken(option, fields, Field(_kind(whole, whole)), is_declared=True)


def _kind(schema: Any, whole: Schema, depth: int = 0) -> Any:
    """The type of Python's that a schema describes, as far as it says one."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return Any
    if isinstance(name := schema.get("$ref"), str):
        found = whole.get("$defs")
        found = found.get(name.rpartition("/")[2]) if isinstance(found, Mapping) else None
        return _kind(found, whole, depth + 1)
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(choices, list) and choices:
        return Literal[
            tuple(each if isinstance(each, str | int) else str(each) for each in choices)
        ]
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list) and options:
        return reduce(or_, (_kind(each, whole, depth + 1) for each in options[:_MOST]))
    kind = _KINDS.get(str(schema.get("type")), Any)
    if kind is list and "items" in schema:
        return list[_kind(schema["items"], whole, depth + 1)]  # type: ignore[misc]
    return kind
