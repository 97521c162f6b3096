"""Imports what an agent's name leads to, and says what is missing where it cannot."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import platform
import sys
from difflib import get_close_matches
from importlib import metadata
from typing import Any

from .kinds import UnusableError
from .missing import explained

_PACKAGES = ("langchain", "langchain-core", "langgraph", "langchain-openai")


def versions() -> dict[str, str]:
    """The versions of what runs an agent, by package."""
    found = {}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def load(module: str, file: str | None, attribute: str, folders: list[str]) -> Any:
    """What stands at the attribute of a module, of that file where one is given.

    `folders` are those of the project, which are looked in. Raises UnusableError for what is not
    there, also where the module misses another.
    """
    try:
        found = importlib.import_module(module) if file is None else _import_file(module, file)
    except ImportError as error:
        if (said := explained(error, module, folders)) is error:
            raise
        raise said from error
    except SyntaxError as error:
        message = f"{error.filename or file or module}, line {error.lineno or 1}: {error.msg}"
        hint = f"mend it for Python {platform.python_version()}, which {sys.executable} is"
        raise UnusableError(message, hint) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [name for name in dir(found) if not name.startswith("_")]
            near = get_close_matches(part, public, n=5, cutoff=0.3)
            meant = f"did you mean {near[0]}? " if near else ""
            there = ", ".join(near or public[:5]) or "nothing"
            message = f"{file or module} has no attribute {attribute!r}"
            raise UnusableError(message, f"{meant}there is: {there}")
        found = getattr(found, part)
    return found


def _import_file(name: str, file: str) -> Any:
    """Import it under its name, unless something else has that: `import queue` is Python's."""
    if package := name.rpartition(".")[0]:
        importlib.import_module(package)
    known = sys.modules.get(name) or importlib.util.find_spec(name)
    if file in (getattr(known, "__file__", None), getattr(known, "origin", None)):
        return importlib.import_module(name)
    spec: Any = importlib.util.spec_from_file_location(f"{name}_", file)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
