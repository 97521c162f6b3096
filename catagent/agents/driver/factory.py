"""Makes an agent of what stands at its name: of a factory, what it returns, open for one run."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, get_args, get_type_hints

from .kinds import UnusableError, compiled, is_a, is_required, kind_of, unbound
from .progress import report_progress
from .supplies import Supplies

_BY_ANNOTATION = {"RunnableConfig": "config", "ServerRuntime": "runtime"}


def called(found: Any, name: str, offers: Mapping[str, Callable[[Any], Any]]) -> Any:
    """What stands at the name of an agent; if that is a factory, what it makes, for `opened`.

    It gets what it asks for, by annotation or name, among these `offers`: each is made for its
    annotation. Raises UnusableError where it must be given anything else.
    """
    if not callable(found) or is_a(found, "Runnable") or _is_context_manager(found):
        return found
    given, hints = {}, _hints(found)
    for each in inspect.signature(found).parameters.values():
        hint = hints.get(each.name, each.annotation)
        asked = (name for kind, name in _BY_ANNOTATION.items() if kind in str(hint))
        if (what := next(asked, each.name)) in offers:
            given[each.name] = offers[what](hint)
        elif is_required(each):
            takes = f"a factory here may take {', '.join(offers)}, or nothing"
            raise UnusableError(f"the agent {name} wants an argument called {each.name!r}", takes)
    return found(**given)


def _hints(factory: Any) -> dict[str, Any]:
    try:
        return get_type_hints(factory)
    except Exception:  # a name that is there for type checkers alone
        return {}


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
            report_progress()
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
    if is_a(unbound(found), "RemoteGraph"):
        message = f"{name} is a RemoteGraph: it runs in a server, which reports nothing of it here"
        raise UnusableError(message, "bring the graph that the server runs")
    return found


def offered(config: Any, context: Any, supplies: Supplies) -> dict[str, Callable[[Any], Any]]:
    """What every factory may ask for, as LangGraph's server has it."""
    return {"config": lambda _: config, "runtime": lambda hint: Runtime(hint, context, supplies)}


class Runtime:
    """What LangGraph's ServerRuntime offers a factory; nobody has logged in.

    `context` is of the class in its annotation, where there is one. Raises UnusableError for a
    context that does not fit.
    """

    access_context, user = "threads.create_run", None

    def __init__(self, hint: Any, context: Any, supplies: Supplies) -> None:
        self.context, self.store, self.execution_runtime = context, supplies.store, self
        for kind in get_args(hint):
            try:
                self.context = kind(**(context or {}))
            except Exception as error:  # a dataclass's or Pydantic's
                wanted = f"its factory wants a context, {kind.__name__}: {error}"
                raise UnusableError(wanted, "give it with --context JSON") from error

    def ensure_user(self) -> None:
        """Raise PermissionError."""
        raise PermissionError("nobody has logged in to catagent: runtime.user is None")
