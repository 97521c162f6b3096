"""Makes imports late, in the modules and packages where that is worth it, until they are used.

`import openai` makes 475 modules of generated types, `import langsmith` 150, and an agent touches a
few dozen of them. Deferring the rest halves the CPU that `catagent ask` takes before its first
request (docs/performance.md). Whoever uses such a package sees no difference: every name is there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

from catagent.loading.lazy_imports import IMPORTS, Loader

# Packages whose `__init__` only gathers names, and so do those of all packages inside.
PACKAGES = (
    *("openai.types", "langsmith.types", "langgraph_sdk", "langchain_openai"),
    *("langchain.agents.middleware", "urllib3.util"),
)
_PREFIXES = tuple(f"{package}." for package in PACKAGES)


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
        gathers = f"{name}.".startswith(_PREFIXES)
        if not gathers and name not in IMPORTS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return spec
        if name in IMPORTS or spec.submodule_search_locations is not None:
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec
