"""Imports that are made when a name of theirs is used, as PEP 810 has it in Python 3.15.

`langsmith` imports a client and `langchain_core` a retry library for runs that are traced, `openai`
its helpers for parsing: few agents use any of them. In the modules of `IMPORTS` those names are
looked up late, and pydantic models are built with their first instance. Code that uses such a name
gets it, the top level of the module included, so that a release which comes to need one at once
starts more slowly, and is no less right. `vars()` of such a module, and `import *` from one without
`__all__`, lack a name that nobody has used yet.
"""

from __future__ import annotations

import builtins
from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import resolve_name
from types import ModuleType
from typing import Any

_PARSING = (
    "openai.lib._parsing",
    "openai.lib.streaming.chat",
    "openai.pagination",
    "openai.types.chat.parsed_chat_completion",
)
# A module -> what it imports for its functions and annotations alone. None that runs for every
# token: a builtin function costs 240 ns more there.
IMPORTS: dict[str, Sequence[str]] = {
    "charset_normalizer": ("charset_normalizer.api", "charset_normalizer.legacy"),
    "langchain_core.tracers.langchain": ("langsmith.Client", "tenacity"),
    "langgraph.prebuilt": (
        "langgraph.prebuilt.chat_agent_executor",
        "langgraph.prebuilt.tool_validator",
    ),
    "langsmith.run_helpers": ("langsmith.client",),
    "langsmith.run_trees": ("langsmith.client", "langsmith._internal._v2_migration_utils"),
    "langsmith.schemas": (),
    "openai.lib": ("openai.lib._parsing",),
    "openai.lib._chat_completion_resources": _PARSING,
    "openai.resources.chat.completions.completions": _PARSING,
    "openai.resources.chat.completions.messages": _PARSING,
    "requests": ("requests.api", "requests.sessions"),
}


class Loader(SourceFileLoader):
    """Runs a module with some of its imports still to come."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it, and have its names looked up late from now on."""
        own = vars(module)
        late = _Builtins(own, IMPORTS[module.__name__])
        own["__builtins__"] = late
        exec(self.get_code(module.__name__) or "", own, _TopLevel(own, late))  # noqa: S102
        own["__getattr__"] = _getter(module.__name__, late, own.get("__getattr__"))
        own["__dir__"] = lambda: sorted({*own, *late.names})


class _Later:
    """Something to be imported once it is used; so is what is imported from it."""

    def __init__(self, bring: Callable[[], Any]) -> None:
        self.bring = bring

    def __getattr__(self, name: str) -> _Later:
        return _Later(lambda: getattr(self.bring(), name))


class _Builtins(dict[str, Any]):
    """The builtins of one module: Python looks there for a name that is nowhere else."""

    def __init__(self, own: dict[str, Any], imports: Sequence[str]) -> None:
        super().__init__(__import__=self._import, __build_class__=_build_class)
        self.names: dict[str, _Later] = {}
        self._own = own
        self._imports = frozenset(imports)

    def __missing__(self, name: str) -> Any:
        if name not in self.names:
            return vars(builtins)[name]
        value = self._own[name] = self.names[name].bring()
        return value

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - as Python calls it
        locals: Mapping[str, Any] | None = None,  # noqa: A002 - as Python calls it
        fromlist: Sequence[str] | None = None,
        level: int = 0,
    ) -> Any:
        bring = partial(builtins.__import__, name, globals, None, fromlist or (), level)
        if not isinstance(locals, _TopLevel):
            return bring()
        origin = resolve_name("." * level + name, self._own["__package__"])
        wanted = {origin, *(f"{origin}.{each}" for each in fromlist or ())}
        return bring() if wanted.isdisjoint(self._imports) else _Later(bring)


def _build_class(body: Callable[[], Any], name: str, *bases: Any, **options: Any) -> Any:
    from pydantic import BaseModel

    if any(isinstance(base, type) and issubclass(base, BaseModel) for base in bases):
        options.setdefault("defer_build", True)
    return builtins.__build_class__(body, name, *bases, **options)


class _TopLevel(UserDict[str, Any]):
    """Where a module's top level keeps its names: with its globals, but for those to come."""

    def __init__(self, own: dict[str, Any], late: _Builtins) -> None:
        super().__init__()
        self.data = own
        self._late = late

    def __setitem__(self, name: str, value: Any) -> None:
        names = self._late.names if isinstance(value, _Later) else self.data
        names[name] = value

    def __missing__(self, name: str) -> Any:
        return self._late[name]

    def __delitem__(self, name: str) -> None:
        self._late.names.pop(name, None)
        self.data.pop(name, None)


def _getter(module: str, late: _Builtins, own: Callable[[str], Any] | None) -> Callable[[str], Any]:
    """Give from outside what the module's own functions would find (PEP 562)."""

    def get(name: str) -> Any:
        if name in late.names:
            return late[name]
        if own is not None:
            return own(name)
        return submodule(module, name)

    return get


def submodule(package: str, name: str) -> ModuleType:
    """What `import openai` alone would have made reachable: `openai.types.chat`."""
    missing = f"module {package!r} has no attribute {name!r}"
    if name.startswith("__"):  # asked for by Python itself; a __main__ would run
        raise AttributeError(missing, name=name)
    try:
        return import_module(f".{name}", package)
    except ModuleNotFoundError as error:
        if error.name != f"{package}.{name}":
            raise
        raise AttributeError(missing, name=name) from None
