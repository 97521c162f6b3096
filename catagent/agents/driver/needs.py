"""What an agent needs to be run, so that its models stream and are seen."""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any

_LANGCHAIN = ("langchain", "langgraph")


def configured(given: Mapping[str, Any]) -> dict[str, Any]:
    """A config with what a person made configurable; what is text is JSON, or stays a text."""
    return {"configurable": {key: _read(value) for key, value in given.items()}} if given else {}


def _read(value: Any) -> Any:
    with contextlib.suppress(ValueError, TypeError):
        return json.loads(value)
    return value


def streaming() -> list[Any]:
    """What makes models stream where the observer cannot: before langchain-core 0.3."""
    if metadata.version("langchain-core") >= "0.3":
        return []
    log: Any = importlib.import_module("langchain_core.tracers.log_stream")
    return [log.LogStreamCallbackHandler(auto_close=False, include_types=["none"])]


def needs_loop(agent: Any) -> bool:
    """Whether there is a function in an agent, in any part of it, that is asynchronous alone."""
    parts, seen = [agent], {}
    while parts:
        part = parts.pop()
        if id(part) in seen:
            continue
        seen[id(part)] = part
        if isinstance(part, (dict, list, tuple)):
            parts.extend(part.values() if isinstance(part, dict) else part)
        elif type(part).__module__.startswith(_LANGCHAIN):
            function = getattr(part, "afunc", None) or getattr(part, "coroutine", None)
            if function is not None and getattr(part, "func", None) is None:
                return True
            parts.append(getattr(part, "__dict__", {}))
    return False
