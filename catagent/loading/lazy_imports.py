"""Imports that are made when a name of theirs is used, as PEP 810 has it in Python 3.15.

`langsmith` imports a client and `langchain_core` a retry library for runs that are traced, `openai`
its helpers for parsing: few agents use any of them. Code that uses such a name gets it, the top
level of its module included, so that a release which comes to need one at once starts more slowly,
and is no less right. `vars()` of such a module lacks a name that nobody has used yet.
"""

from __future__ import annotations

import builtins
import re
from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import resolve_name
from types import FunctionType, ModuleType
from typing import Any

_PARSING = (
    *("openai.lib._parsing", "openai.lib.streaming.chat", "openai.pagination"),
    "openai.types.chat.parsed_chat_completion",
)
_MODELS = "langchain_core.language_models"
_EVENTS = (
    f"{_MODELS}._compat_bridge",
    f"{_MODELS}.chat_model_stream",
    "langchain_protocol.protocol",
)
_PARSERS = ("langchain_core.output_parsers", "langchain_core.output_parsers.openai_tools")
# A module -> what it imports for its functions and annotations alone.
IMPORTS: dict[str, Sequence[str]] = {
    "charset_normalizer": ("charset_normalizer.api", "charset_normalizer.legacy"),
    f"{_MODELS}.chat_models": (*_EVENTS, *_PARSERS),
    "langchain_core.tracers.langchain": ("langsmith.Client", "tenacity"),
    "langchain_openai.chat_models.base": ("ssl", *_PARSERS),
    "langgraph.prebuilt": (
        "langgraph.prebuilt.chat_agent_executor",
        "langgraph.prebuilt.tool_validator",
    ),
    "langgraph.runtime": ("langgraph_sdk.auth.types",),
    "langgraph.stream.transformers": _EVENTS,
    "langsmith.run_helpers": ("langsmith.client",),
    "langsmith.run_trees": ("langsmith.client", "langsmith._internal._v2_migration_utils"),
    "langsmith.schemas": (),
    "openai.lib": ("openai.lib._parsing",),
    "openai.lib._chat_completion_resources": _PARSING,
    "openai.lib._tools": ("openai.types.responses.function_tool_param",),
    "openai.lib.bedrock": ("openai.providers.bedrock",),
    "openai.resources.chat.completions.completions": _PARSING,
    "openai.resources.chat.completions.messages": _PARSING,
    "requests": ("requests.api", "requests.sessions"),
    "requests.models": ("urllib3.filepost", "urllib3.util"),
    "requests.utils": ("urllib3.util",),
    "urllib3": tuple(
        f"urllib3.{part}"
        for part in (
            *("_base_connection", "connectionpool", "poolmanager", "response"),
            *("util.request", "util.retry", "util.timeout"),
        )
    ),
}
# A module -> what it calls for a constant of its own, which is made when something uses it:
# a context with all trusted certificates (21 ms), and a pool of connections.
CALLS: dict[str, Sequence[str]] = {
    "langchain_openai.chat_models.base": ("ssl",),
    "urllib3": ("PoolManager",),
}
# Modules of types: each class is made when something uses it, and a pydantic model is built with
# its first instance.
TYPES = frozenset({"langsmith.run_trees", "langsmith.schemas"})


# What a package that only gathers names has nothing of. An import that is tried is made at once.
_DOES_MORE = re.compile(r"^(?:class|def|async|try|if|for|while|with|@)\b", re.MULTILINE)


def gathers(source: str) -> bool:
    """Whether a package does no more in its `__init__` than import names: all may be late."""
    return _DOES_MORE.search(source) is None


class Loader(SourceFileLoader):
    """Runs a module with some of its imports still to come: all, if it is not in `IMPORTS`."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it, and have its names looked up late from now on."""
        own, name = vars(module), module.__name__
        if name not in IMPORTS and not gathers(self.get_source(name) or ""):
            super().exec_module(module)
            return
        late = _Builtins(own, IMPORTS.get(name))
        if name in TYPES:
            late.make_classes_late(self.get_source(name) or "")
        own["__builtins__"] = late
        exec(self.get_code(name) or "", own, _TopLevel(own, late, CALLS.get(name, ())))  # noqa: S102
        own.setdefault("__all__", [each for each in (*own, *late.names) if each[0] != "_"])
        own["__getattr__"] = _getter(name, late, own.get("__getattr__"))
        own["__dir__"] = lambda: sorted({*own, *late.names})


class _Later:
    """Something to be imported, or made, once it is used; so is what is imported from it."""

    def __init__(self, bring: Callable[[], Any]) -> None:
        self.bring = bring

    def __getattr__(self, name: str) -> _Later:
        return _Later(lambda: getattr(self.bring(), name))

    def __call__(self, *args: Any, **options: Any) -> _Later:
        return _Later(lambda: self.bring()(*args, **options))


class _From:
    """Where names are imported from, each for itself."""

    def __init__(self, bring: Callable[[Sequence[str]], Any]) -> None:
        self.bring = bring

    def __getattr__(self, name: str) -> _Later:
        return _Later(lambda: getattr(self.bring((name,)), name))


class _Builtins(dict[str, Any]):
    """The builtins of one module: Python looks there for a name that is nowhere else."""

    def __init__(self, own: dict[str, Any], imports: Sequence[str] | None) -> None:
        super().__init__(vars(builtins))  # all: __missing__ takes 240 ns, some for every token
        self["__import__"] = self._import
        self.names: dict[str, _Later] = {}
        self._own = own
        self._imports = imports

    def __missing__(self, name: str) -> Any:
        if name not in self.names:  # a builtin that is newer
            return vars(builtins)[name]
        return self._own.setdefault(name, self.names[name].bring())  # one for all threads

    def set_late(self, name: str, value: _Later) -> None:
        """Have the name looked up late, one that a builtin has too."""
        self.names[name] = value
        self.pop(name, None)

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - as Python calls it
        locals: Mapping[str, Any] | None = None,  # noqa: A002 - as Python calls it
        fromlist: Sequence[str] | None = None,
        level: int = 0,
    ) -> Any:
        def bring(names: Sequence[str]) -> Any:
            return builtins.__import__(name, globals, None, names, level)

        names = fromlist or ()
        if not isinstance(locals, _TopLevel) or self._is_due(name, names, level):
            return bring(names)
        return _From(bring) if names else _Later(partial(bring, ()))

    def _is_due(self, name: str, names: Sequence[str], level: int) -> bool:
        """Whether an import is to be made at once. A name that its module has would be hidden."""
        if self._imports is None:
            return not {"*", name.rpartition(".")[2]}.isdisjoint(names)
        origin = resolve_name("." * level + name, self._own["__package__"])
        return {origin, *(f"{origin}.{each}" for each in names)}.isdisjoint(self._imports)

    def make_classes_late(self, source: str) -> None:
        """Make classes of the top level when they are used, unless a decorator is to have them."""
        from pydantic import BaseModel

        lines = source.splitlines()

        def build(body: FunctionType, name: str, *bases: Any, **options: Any) -> Any:
            if any(isinstance(base, type) and issubclass(base, BaseModel) for base in bases):
                options.setdefault("defer_build", True)
            make = partial(builtins.__build_class__, body, name, *bases, **options)
            first = "".join(lines[body.__code__.co_firstlineno - 1 :][:1])
            return _Later(make) if first.startswith("class ") else make()

        self["__build_class__"] = build


class _TopLevel(UserDict[str, Any]):
    """Where a module's top level keeps its names: with its globals, but for those to come."""

    def __init__(self, own: dict[str, Any], late: _Builtins, calls: Sequence[str]) -> None:
        super().__init__()
        self.data = own
        self._late = late
        self._calls = calls

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, _Later):
            self._late.set_late(name, value)
        else:
            self.data[name] = value

    def __missing__(self, name: str) -> Any:
        return self._late.names[name] if name in self._calls else self._late[name]

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
