"""Imports from the current folder, or a file's: what a person named, and what that imports itself.

A folder on `sys.path` would serve everybody. Installed packages try imports of what may not be
installed (`brotli`, `h2`, `trio`): a file of that name in a stranger's folder would be run.
"""

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


class Here:
    """Finds modules in some folders: those of `names`, and those that modules from there import.

    A finder of `sys.meta_path` by its method alone: importing `importlib.abc` for its class would
    cost every start 7 ms.
    """

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders
        self.names: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where the module is. What is in a package is found by the package's own path."""
        if path is not None or not (fullname in self.names or _importer() in self.names):
            return None
        spec = PathFinder.find_spec(fullname, self.folders)
        if spec is not None:
            self.names.add(fullname)
        return spec


def serve(name: str, where: Iterable[Path]) -> None:
    """Let the module of this name, "package.module" too, be found in these folders, last."""
    folders = [str(folder) for folder in where]
    for finder in sys.meta_path:
        if isinstance(finder, Here) and finder.folders == folders:
            break
    else:
        finder = Here(folders)
        sys.meta_path.append(finder)
    finder.names.add(name.partition(".")[0])


def _importer() -> str:
    """The top-level package of the module that an import statement stands in, or import_module."""
    frame = sys._getframe(2)  # noqa: SLF001 - what inspect.currentframe gives, without inspect
    while frame.f_back is not None and _top(frame.f_globals) == "importlib":
        frame = frame.f_back
    return _top(frame.f_globals)


def _top(names: dict[str, object]) -> str:
    return str(names.get("__name__", "")).partition(".")[0]
