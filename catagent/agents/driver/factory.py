"""Makes an agent of what stands at its name: of a factory, what it returns, open for one run."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, get_args, get_type_hints

from .kinds import UnusableError, compiled, is_a, is_required, kind_of
from .supplies import Supplies

# What a factory is given by its annotation, whatever it calls that.
_BY_ANNOTATION = re.compile(r"\b(Runnable(?P<config>Config)|(Server)?(?P<runtime>Runtime))\b")


def called(found: Any, name: str, offers: Mapping[str, Callable[[Any], Any]]) -> Any:
    """What stands at the name of an agent; if that is a factory, what it makes, for `opened`.

    It gets what it asks for, by name or annotation, among these `offers`: each is made for its
    annotation. Raises UnusableError where it must be given anything else.
    """
    if not callable(found) or is_a(found, "Runnable") or _is_context_manager(found):
        return found
    given = {}
    for each, parameter, hint in _parameters(found):
        if (asked := _asked(each, hint)) in offers:
            given[each] = offers[asked](hint)
        elif is_required(parameter):
            takes = f"a factory here may take {', '.join(offers)}, or nothing"
            raise UnusableError(f"the agent {name} wants an argument called {each!r}", takes)
    return found(**given)


def _parameters(factory: Any) -> list[tuple[str, inspect.Parameter, Any]]:
    """Each parameter by its name, with its annotation; text where that cannot be looked up."""
    try:
        hints = get_type_hints(factory)
    except Exception:  # a name that is there for type checkers alone
        hints = {}
    parameters = inspect.signature(factory).parameters
    return [(key, each, hints.get(key, each.annotation)) for key, each in parameters.items()]


def _asked(name: str, hint: Any) -> str:
    found = _BY_ANNOTATION.search(hint if isinstance(hint, str) else f"{hint!r}")
    return name if found is None else "config" if found["config"] else "runtime"


def _is_context_manager(found: Any) -> bool:
    kinds = (contextlib.AbstractAsyncContextManager, contextlib.AbstractContextManager)
    return isinstance(found, kinds) and not is_a(found, "Runnable")


@contextlib.asynccontextmanager
async def opened(made: Any) -> AsyncIterator[Any]:
    """What a factory made, awaited and entered where that is to be done; left after the run.

    What ends the run is raised on, whatever a context manager makes of it.
    """
    raised: BaseException | None = None
    try:
        async with contextlib.AsyncExitStack() as stack:
            if inspect.isawaitable(made):
                made = await made
            if isinstance(made, contextlib.AbstractAsyncContextManager):
                made = await stack.enter_async_context(made)
            elif _is_context_manager(made):
                made = stack.enter_context(made)
            try:
                yield made
            except BaseException as error:
                raised = error
                raise
    finally:
        if raised is not None:
            raise raised


def runnable_of(found: Any, name: str, hint: str) -> Any:
    """What was brought by this name as a Runnable. Raises UnusableError, with this hint."""
    found = compiled(found)
    if not is_a(found, "Runnable"):
        raise UnusableError(f"{name} is {kind_of(found)}, which cannot be run", hint)
    return found


def offered(config: Any, context: Any, supplies: Supplies) -> dict[str, Callable[[Any], Any]]:
    """What every factory may ask for, as LangGraph's server has it."""
    return {"config": lambda _: config, "runtime": lambda hint: Runtime(hint, context, supplies)}


class Runtime:
    """What LangGraph's ServerRuntime offers a factory where a run is to follow.

    `context` is of the class in its annotation, if there is one: its defaults with what is given.
    `user` is None, as on a server without authentication. Raises UnusableError for a context that
    does not fit.
    """

    access_context = "threads.create_run"
    user = None

    def __init__(self, hint: Any, context: Any, supplies: Supplies) -> None:
        self.context, self.store = context, supplies.store
        for kind in get_args(hint):
            try:
                self.context = kind(**(context or {}))
            except Exception as error:  # a dataclass's or Pydantic's
                wanted = f"its factory wants a context, {kind.__name__}: {error}"
                raise UnusableError(wanted, "give it with --context JSON") from error

    @property
    def execution_runtime(self) -> Runtime:
        """Itself: it is made for a run alone."""
        return self

    def ensure_user(self) -> Any:
        """Raise PermissionError: nobody has logged in."""
        raise PermissionError("nobody has logged in to catagent: runtime.user is None")
