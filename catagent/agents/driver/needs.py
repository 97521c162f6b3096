"""What an agent needs to be run, so that its models stream and are seen."""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

from .kinds import UnusableError, is_a, unbound
from .schemas import Field, fields_of
from .taken import Taken

_LANGCHAIN = ("langchain", "langgraph")


def configured(given: Mapping[str, Any], name: str, agent: Any = None) -> dict[str, Any]:
    """A config with what a person made configurable, as the agent's schema has it.

    What is text there is JSON where a text does not fit, if it can be. Raises UnusableError.
    """
    taken = configurable_taken(agent)
    read = {key: _read(value, taken.fields.get(key)) for key, value in given.items()}
    return {"configurable": taken.checked(read, name)} if given else {}


def configurable_taken(agent: Any) -> Taken:
    """What an agent's config makes configurable, as far as it says so: others may be as well.

    LangGraph 1 takes a `config_schema` for a context's, and nodes read either.
    """
    fields = {"thread_id": Field(str)}
    with contextlib.suppress(Exception):  # of a part that cannot say
        fields.update((spec.id, Field.of(spec.annotation)) for spec in agent.config_specs)
    graph = unbound(agent)
    builder = getattr(graph, "builder", None)
    schema = getattr(graph, "context_schema", None) or getattr(builder, "config_schema", None)
    return Taken("--configurable", {**fields, **fields_of(schema)})


def _read(value: Any, field: Field | None) -> Any:
    if isinstance(value, str) and not (field and field.takes_text):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def context_of(graph: Any, name: str, given: Any) -> dict[str, Any]:
    """What to run a graph with for the context that was `given`, None for its schema's defaults.

    Raises UnusableError for what does not fit.
    """
    if (taken := context_taken(graph)) is None:
        return {}
    try:
        return {"context": taken.checked(given or {}, name)}
    except UnusableError as error:
        hint = f"{error.args[1]}, or bring the agent as agent.bind(context=…)"
        raise UnusableError(error.args[0], hint) from None


def context_taken(graph: Any) -> Taken | None:
    """What a graph takes as its context, None for none.

    The fields of a TypedDict have no defaults, and LangGraph takes an empty one for no context, as
    its own template does: none of them must be given.
    """
    if (schema := getattr(graph, "context_schema", None)) is None:
        return None
    has_defaults = not hasattr(schema, "__required_keys__")
    return Taken("--context", fields_of(schema), is_closed=True, is_declared=has_defaults)


def require_context(agent: Any, name: str, given: Any) -> None:
    """Raise UnusableError where a context was given, and no graph in the agent takes one."""
    if given is not None and not any(map(context_taken, parts_of(agent))):
        hint = "leave --context out, or declare it: StateGraph(State, context_schema=Context)"
        raise UnusableError(f"the agent {name} takes no context", hint)


def streaming() -> list[Any]:
    """What makes models stream where the observer cannot: before langchain-core 0.3."""
    if metadata.version("langchain-core") >= "0.3":
        return []
    log: Any = importlib.import_module("langchain_core.tracers.log_stream")
    return [log.LogStreamCallbackHandler(auto_close=False, include_types=["none"])]


def identified(agent: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """What else to call an agent with: a retriever does not take its run's id from the config."""
    is_retriever = is_a(unbound(agent), "BaseRetriever")
    return {"run_id": config["run_id"]} if is_retriever and "run_id" in config else {}


def needs_loop(agent: Any) -> bool:
    """Whether there is a function in an agent, in any part of it, that is asynchronous alone."""
    for part in parts_of(agent):
        function = getattr(part, "afunc", None) or getattr(part, "coroutine", None)
        if function is not None and getattr(part, "func", None) is None:
            return True
    return False


def parts_of(agent: Any) -> Iterator[Any]:
    """What an agent is made of that is LangChain's or LangGraph's, itself included."""
    parts, seen = [agent], {}
    while parts:
        part = parts.pop()
        if id(part) in seen:
            continue
        seen[id(part)] = part
        if isinstance(part, (dict, list, tuple)):
            parts.extend(part.values() if isinstance(part, dict) else part)
        elif type(part).__module__.startswith(_LANGCHAIN):
            yield part
            parts.append(getattr(part, "__dict__", {}))
