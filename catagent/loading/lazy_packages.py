"""Packages whose `__init__` only gathers names: with us they gather each when it is asked for.

`import openai` makes 475 modules of generated types, `import langsmith` 150, and an agent touches a
few dozen of them. Deferring the rest halves the CPU that `catagent ask` takes before its first
request (docs/performance.md). Whoever uses such a package sees no difference: every name is there,
and a package whose `__init__` does anything else is imported as it always was.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any, NamedTuple

from catagent.loading import lazy_imports

# These packages and all that is inside them.
PACKAGES = (
    "openai.types",
    "langsmith.types",
    "langgraph_sdk",
    "langchain_openai",
    "langchain.agents.middleware",
    "urllib3.util",
)
_PREFIXES = tuple(f"{package}." for package in PACKAGES)


def install() -> None:
    """Make `PACKAGES` lazy, as far as they are not imported yet. Doing it twice is harmless."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


class Gathered(NamedTuple):
    """What an `__init__` gathers: name -> (module, its name there), and the constants it sets."""

    names: dict[str, tuple[str, str]]
    constants: dict[str, Any]


def gathered(source: str) -> Gathered | None:
    """Read the source of a package's `__init__`; None where it does more than gather names."""
    if "\nclass " in source or "\ndef " in source:  # no need to parse: it does
        return None
    found = Gathered({}, {})
    for statement in ast.parse(source).body:
        match statement:
            case ast.ImportFrom(module="__future__") | ast.Expr(value=ast.Constant()):
                continue
            case ast.ImportFrom(module=str(module)):
                origin = "." * statement.level + module
                if not _take(found, statement, origin):
                    return None
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_literal(value):
                found.constants[name] = ast.literal_eval(value)
            case _:
                return None
    return found


def _take(found: Gathered, statement: ast.ImportFrom, origin: str) -> bool:
    """Note the names. Not one that is its module's name too: importing that would hide it."""
    for alias in statement.names:
        name = alias.asname or alias.name
        if alias.name == "*" or name == origin.rpartition(".")[2]:
            return False
        found.names[name] = origin, alias.name
    return True


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def _loader(name: str) -> type[SourceFileLoader] | None:
    if name in lazy_imports.IMPORTS:
        return lazy_imports.Loader
    return _Loader if name.startswith(_PREFIXES) or name in PACKAGES else None


class _Finder:
    """Finds as Python does, and puts our loader in the place of its own."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        loader = _loader(name)
        if loader is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Gives a package its constants, and a `__getattr__` (PEP 562) for all else."""

    def exec_module(self, module: ModuleType) -> None:
        package = module.__name__
        found = gathered(self.get_source(package) or "") if self.is_package(package) else None
        if found is None:
            super().exec_module(module)
            return
        own = module.__dict__
        own["__all__"] = [name for name in found.names if name[0] != "_"]
        own.update(found.constants)
        own["__getattr__"] = _getter(module, found.names)
        own["__dir__"] = lambda: sorted({*own, *found.names})


def _getter(module: ModuleType, names: dict[str, tuple[str, str]]) -> Callable[[str], Any]:
    package = module.__name__

    def get(name: str) -> Any:
        if name in names:
            origin, there = names[name]
            value = getattr(import_module(origin, package), there)
        else:
            value = lazy_imports.submodule(package, name)
        setattr(module, name, value)
        return value

    return get
