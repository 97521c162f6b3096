"""Makes an agent of what stands at its name: of a factory, what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .kinds import UnusableError, compiled, is_a, is_required, kind_of

_BRING = "bring a Runnable, a graph, or a function without arguments that returns one of them"


async def runnable_of(found: Any, name: str) -> Any:
    """What stands at the name of an agent, made a Runnable. Raises UnusableError."""
    found = called(found, name, {}, f"it gets none in an interpreter of its own: {_BRING}")
    found = compiled(await found if inspect.isawaitable(found) else found)
    if not is_a(found, "Runnable"):
        message = f"the agent {name} is {kind_of(found)}, which cannot be run here"
        raise UnusableError(message, _BRING)
    return found


def called(found: Any, name: str, offered: Mapping[str, Callable[[], Any]], hint: str) -> Any:
    """What stands at the name of an agent; if that is a factory, what it makes.

    It gets what it asks for by name among what is `offered`. Raises UnusableError, with this hint,
    where it must be given anything else.
    """
    if not callable(found) or is_a(found, "Runnable"):
        return found
    parameters = inspect.signature(found).parameters
    for each in filter(is_required, parameters.values()):
        if each.name not in offered:
            raise UnusableError(f"the agent {name} wants an argument called {each.name!r}", hint)
    return found(**{each: offered[each]() for each in parameters if each in offered})
