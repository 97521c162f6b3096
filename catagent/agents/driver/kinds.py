"""What kind of thing an agent is, told by names: nothing of LangChain is imported for it."""

from __future__ import annotations

import inspect
from typing import Any


class UnusableError(Exception):
    """The agent is not there, or cannot be run: what is the matter, and what to do next."""


def compiled(found: Any) -> Any:
    """The graph where it is a builder of one, as older versions call it too."""
    return found.compile() if is_a(found, "StateGraph", "Graph") else found


def is_a(found: Any, *names: str) -> bool:
    """Whether it is of a class that is called so, wherever that is from."""
    return derives(type(found), *names)


def derives(kind: Any, *names: str) -> bool:
    """Whether it is a class that is called so, or one of which a base is."""
    return any(each.__name__ in names for each in getattr(kind, "__mro__", ()))


def kind_of(found: Any) -> str:
    """What it is, in words. Not its repr, which may hold a key."""
    kind = found if isinstance(found, type) else type(found)
    return f"{'the' if kind is found else 'an object of'} class {kind.__qualname__}"


def is_required(parameter: inspect.Parameter) -> bool:
    """Whether a function must be given it."""
    variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not variadic


def unbound(runnable: Any) -> Any:
    """What `with_config`, `with_retry` and `bind` wrap, which passes on all that it streams."""
    while is_a(runnable, "RunnableBindingBase"):
        runnable = runnable.bound
    return runnable
