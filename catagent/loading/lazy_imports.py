"""Imports that are made when a name of theirs is used, as PEP 810 has it in Python 3.15.

`import openai` makes 475 modules of generated types, `import langsmith` 150 and a client for runs
that are traced: an agent touches a few dozen. Deferring the rest takes two thirds off the CPU of
its imports (docs/performance.md). Code that uses such a name gets it, the top level of its module
included, so that a release which comes to need one at once starts more slowly, and is no less
right. `vars()` of such a module lacks a name that nobody has used yet.
"""

from __future__ import annotations

import builtins
import sys
from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import resolve_name
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

# Packages whose `__init__` only gathers names, and so do those of all packages inside.
PACKAGES = (
    *("openai.types", "langsmith.types", "langgraph_sdk", "langchain_openai"),
    *("langchain.agents.middleware", "urllib3.util"),
)
# Modules that import much for their functions and annotations alone.
MODULES = frozenset(
    {
        *("charset_normalizer", "urllib3", "requests", "requests.models", "requests.utils"),
        "langchain_core.language_models.chat_models",
        "langchain_core.tracers.langchain",
        *("langgraph.prebuilt", "langgraph.runtime", "langgraph.stream.transformers"),
        *("langsmith.run_helpers", "langsmith.run_trees", "langsmith.schemas"),
        "langchain_openai.chat_models.base",
        *("openai.lib", "openai.lib._tools", "openai.lib._chat_completion_resources"),
        *("openai.lib.bedrock", "openai.resources.chat.completions.completions"),
        "openai.resources.chat.completions.messages",
    }
)
# A module -> what it calls for a constant of its own, which is made when something uses it:
# a context with all trusted certificates (21 ms), and a pool of connections.
CALLS: dict[str, Sequence[str]] = {
    "langchain_openai.chat_models.base": ("ssl",),
    "urllib3": ("PoolManager",),
}
# Modules of types: each class is made when something uses it, and a pydantic model is built with
# its first instance.
TYPES = frozenset({"langsmith.run_trees", "langsmith.schemas"})


def install() -> None:
    """Make imports late in what is not imported yet. Doing it twice is harmless."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


class _Finder:
    """Finds as Python does, and puts our loader in the place of its own."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        gathers = any(f"{name}.".startswith(f"{package}.") for package in PACKAGES)
        if not gathers and name not in MODULES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return spec
        if name in MODULES or spec.submodule_search_locations is not None:
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


class Loader(SourceFileLoader):
    """Runs a module with its imports still to come."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it, and have its names looked up late from now on."""
        own, name = vars(module), module.__name__
        late = _Builtins(own, (self.get_source(name) or "").splitlines())
        if name in TYPES:
            late["__build_class__"] = late.build_class
        own["__builtins__"] = late
        exec(self.get_code(name) or "", own, _TopLevel(own, late, CALLS.get(name, ())))  # noqa: S102
        own.setdefault("__all__", [each for each in (*own, *late.names) if each[0] != "_"])
        other = own.get("__getattr__") or partial(_submodule, name)
        # What its own functions would find, too (PEP 562).
        own["__getattr__"] = lambda each: late[each] if each in late.names else other(each)
        own["__dir__"] = lambda: sorted({*own, *late.names})


class _Later:
    """Something to be imported, or made, once it is used; so is what is imported from it."""

    def __init__(self, bring: Callable[[], Any]) -> None:
        self.bring = bring

    def __getattr__(self, name: str) -> _Later:
        return _Later(lambda: getattr(self.bring(), name))

    def __call__(self, *args: Any, **options: Any) -> _Later:
        return _Later(lambda: self.bring()(*args, **options))


class _Builtins(dict[str, Any]):
    """The builtins of one module: Python looks there for a name that is nowhere else."""

    def __init__(self, own: dict[str, Any], lines: Sequence[str]) -> None:
        super().__init__(vars(builtins))  # all: __missing__ takes 240 ns, some for every token
        self["__import__"] = self._import
        self.names: dict[str, _Later] = {}
        self._own = own
        self._lines = lines

    def __missing__(self, name: str) -> Any:
        if name not in self.names:  # a builtin that is newer
            return vars(builtins)[name]
        return self._own.setdefault(name, self.names[name].bring())  # one for all threads

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
        if not isinstance(locals, _TopLevel) or (
            name not in locals.calls and self._is_due(name, names, level)
        ):
            return bring(names)
        if not names:
            return _Later(partial(bring, ()))
        own = self._own["__name__"]
        if level == 1 and not name and "__path__" in self._own:  # `bring` would ask us for them
            late = {each: _Later(partial(_submodule, own, each)) for each in names}
            return SimpleNamespace(**late)
        late = {each: _Later(partial(bring, (each,))) for each in names}  # each for itself
        return SimpleNamespace(**{each: getattr(origin, each) for each, origin in late.items()})

    def _is_due(self, name: str, names: Sequence[str], level: int) -> bool:
        """Whether an import is made at once: one in a block, say, where it may be tried.

        So is one that costs nothing, `import a.b`, and that of a name that a module of this package
        has, which would hide it.
        """
        line = sys._getframe(2).f_lineno  # noqa: SLF001 - of the module
        if self._lines[line - 1][:1].isspace() or "*" in names or (not names and "." in name):
            return True
        origin = resolve_name("." * level + name, self._own["__package__"])
        package, _, last = origin.rpartition(".")
        if package == self._own["__name__"] and last in names:
            return True
        return origin in sys.modules and {*names} <= vars(sys.modules[origin]).keys()

    def build_class(self, body: FunctionType, name: str, *bases: Any, **options: Any) -> Any:
        """Make a class, later if it is of the top level and no decorator is to have it."""
        from pydantic import BaseModel

        if any(isinstance(base, type) and issubclass(base, BaseModel) for base in bases):
            options.setdefault("defer_build", True)
        make = partial(builtins.__build_class__, body, name, *bases, **options)
        first = "".join(self._lines[body.__code__.co_firstlineno - 1 :][:1])
        return _Later(make) if first.startswith("class ") else make()


class _TopLevel(UserDict[str, Any]):
    """Where a module's top level keeps its names: with its globals, but for those to come."""

    def __init__(self, own: dict[str, Any], late: _Builtins, calls: Sequence[str]) -> None:
        super().__init__()
        self.data = own
        self._late = late
        self.calls = calls

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, _Later):
            self._late.names[name] = value
            self._late.pop(name, None)  # a builtin of this name
        else:
            self.data[name] = value

    def __missing__(self, name: str) -> Any:
        return self._late.names[name] if name in self.calls else self._late[name]

    def __delitem__(self, name: str) -> None:
        self._late.names.pop(name, None)
        self.data.pop(name, None)


def _submodule(package: str, name: str) -> ModuleType:
    """What `import openai` alone would have made reachable: `openai.types.chat`."""
    if not name.startswith("__"):  # Python asks for those itself, and a __main__ would run
        try:
            return import_module(f".{name}", package)
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{name}":
                raise
    raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
