"""Makes the input of an agent of a question, in the form that the agent takes."""

from __future__ import annotations

import importlib
from typing import Any, get_type_hints

from .kinds import UnusableError, is_a, unbound

# Input keys that mean "the question", for agents that want several.
_QUESTION_KEYS = ("input", "question", "query", "text", "prompt", "topic")


def input_of(runnable: Any, name: str, given: Any) -> Any:
    """An agent's own input as it is; a text, in the form it takes: a message, or under a key.

    Raises UnusableError where it is not clear under which.
    """
    if not isinstance(given, str):
        return given
    keys, required = _input_keys(runnable)
    if "messages" in keys or "__root__" in keys:
        messages = [importlib.import_module("langchain_core.messages").HumanMessage(given)]
        return {"messages": messages} if "messages" in keys else messages
    if not keys:
        return given
    known = [key for key in _QUESTION_KEYS if key in keys]
    candidates = known[:1] or required or keys
    if len(candidates) != 1:
        wanted = f"the agent {name} wants {', '.join(keys)}"
        hint = "give it a messages key, or one called input or question"
        raise UnusableError(f"{wanted}, and it is not clear which is the question", hint)
    return {candidates[0]: given}


def _input_keys(runnable: Any) -> tuple[list[str], list[str]]:
    """The keys of the input, and those that it must have; none where it is not a mapping."""
    builder = getattr(_entrance(runnable), "builder", None)
    if builder is not None:
        return _state_keys(builder), []
    is_old = not hasattr(runnable, "get_input_jsonschema")  # langchain-core before 0.3
    try:
        schema = runnable.get_input_schema().schema() if is_old else runnable.get_input_jsonschema()
    except Exception:  # Pydantic's own: a type that it cannot describe
        return [], []
    schema = schema.get("$defs", {}).get(schema.get("$ref", "").rpartition("/")[2], schema)
    # An executor does not say what it wants; the agents made for one all want an input.
    unsaid = ["input"] if schema.get("type") == "object" else []
    return list(schema.get("properties") or unsaid), schema.get("required", [])


def _entrance(runnable: Any) -> Any:
    """Where the input goes first."""
    runnable = unbound(runnable)
    return _entrance(runnable.first) if is_a(runnable, "RunnableSequence") else runnable


def _state_keys(builder: Any) -> list[str]:
    """Asking a graph for its JSON schema fails on states that Pydantic cannot describe."""
    # As LangGraph 1, 0.2 and 0.1 call it.
    schemas = [getattr(builder, name, None) for name in ("input_schema", "input", "schema")]
    try:
        keys = list(get_type_hints(next(filter(None, schemas))))
    except Exception:  # of no class: a list of messages, or of names that are not there
        keys = list(getattr(builder, "channels", ()))
    return keys or ["messages"]
