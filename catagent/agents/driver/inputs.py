"""Makes the input of an agent of a question, or of what was given for it, in the form it takes."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any, get_type_hints

from .kinds import UnusableError, is_a, unbound
from .schemas import Field, fields_of
from .taken import Taken

# Input keys that mean "the question", for agents that want several.
_QUESTION_KEYS = ("input", "question", "query", "text", "prompt", "topic")
_taken = partial(Taken, "--input")


def input_of(runnable: Any, name: str, given: Any) -> Any:
    """An agent's own input, checked; a text in the form it takes: a message, or under a key.

    Raises UnusableError for what does not fit, and where it is not clear under which key.
    """
    taken = input_taken(runnable)
    if not isinstance(given, str):
        return taken.checked(given, name)
    key = key_of_a_question(taken)
    if key is None:
        message = f"the agent {name} takes {taken.takes}, and it is not clear where a question goes"
        raise UnusableError(message, f"give it its own input: {taken.example}")
    return taken.checked({key: given} if key else given, name)


def key_of_a_question(taken: Taken) -> str | None:
    """The key where a question fits by its type; empty where it is all, None for no clear one."""
    if not taken.fields:
        return "" if taken.value.takes_text or taken.value.takes_messages else None
    messages = [key for key, field in taken.fields.items() if field.takes_messages]
    texts = [key for key, field in taken.fields.items() if field.takes_text]
    required = [key for key in texts if taken.fields[key].is_required]
    known = [key for key in _QUESTION_KEYS if key in texts][:1]
    named = [key for key in messages if key == "messages"]
    chosen = (keys[0] for keys in (named, known, messages, required, texts) if len(keys) == 1)
    return next(chosen, None)


def input_taken(runnable: Any) -> Taken:
    """What an agent takes as its input."""
    entrance = _entrance(runnable)
    if (builder := getattr(entrance, "builder", None)) is not None:
        return _state_taken(builder)
    if is_a(entrance, "RemoteGraph"):  # its schema is the server's
        return _taken({"messages": Field(takes_messages=True)})
    kind: Any = Any
    with contextlib.suppress(Exception):  # where LangChain cannot infer it
        found = runnable.InputType
        kind = _annotated(entrance) if isinstance(found, str) else found
    value = Field.of(kind)
    if fields := fields_of(kind):
        return _taken(fields, is_closed=True, is_declared=True)
    try:
        model = runnable.get_input_schema()
    except Exception:  # Pydantic's own: a type that it cannot describe
        return _taken({}, value)
    fields = fields_of(model)
    if {"root", "__root__"} & fields.keys():  # a model of one value
        return _taken({}, value)
    # An executor does not say what it wants; the agents made for one all want an input.
    return _taken(fields or {"input": Field()})


def _annotated(entrance: Any) -> Any:
    """What a function takes first, of a module whose annotations are not evaluated."""
    nodes = getattr(entrance, "nodes", None)  # an entrypoint has one
    part = next(iter(nodes.values())).bound if nodes else entrance
    hints = get_type_hints(getattr(part, "func", None) or part.afunc, include_extras=True)
    return next(iter(hints.values()))


def _entrance(runnable: Any) -> Any:
    """Where the input goes first."""
    runnable = unbound(runnable)
    return _entrance(runnable.first) if is_a(runnable, "RunnableSequence") else runnable


def _state_taken(builder: Any) -> Taken:
    """What a state takes; of a TypedDict for one, LangGraph calls all keys required: none is."""
    # As LangGraph 1, 0.2 and 0.1 call it.
    names = ("input_schema", "input", "schema")
    schema: Any = next(filter(None, (getattr(builder, name, None) for name in names)), None)
    state = getattr(builder, "state_schema", None) or getattr(builder, "schema", None)
    # `create_agent` makes one for the input of any state.
    is_own = schema is not state and not getattr(schema, "__module__", "").startswith("langchain.")
    is_made = not hasattr(schema, "__required_keys__")  # a class, which is called with its keys
    managed = getattr(builder, "managed", ())
    fields = {key: field for key, field in fields_of(schema).items() if key not in managed}
    return _taken(fields, Field.of(schema), is_closed=True, is_declared=is_own or is_made)
