"""Says why an import failed: not installed, gone from what is installed, or a file elsewhere."""

from __future__ import annotations

import pkgutil
import re
import sys
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path
from typing import Any

from .kinds import UnusableError

_GONE = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")


def explained(error: ImportError, named: str, folders: list[str]) -> Exception:
    """What to raise for it: itself if it says all. `named` is the agent's module."""
    gone = _GONE.match(str(error))
    holder, _, name = (gone[2], "", gone[1]) if gone else (error.name or "").rpartition(".")
    module = sys.modules.get(holder)
    if getattr(module, "__file__", None):
        return _not_in(module, name, str(error).partition(" (")[0])
    return _not_found(error, named, folders) if isinstance(error, ModuleNotFoundError) else error


def _not_in(module: Any, name: str, said: str) -> UnusableError:
    """A module is there, and has no such name: another version of it may."""
    package, inside = module.__name__.partition(".")[0], getattr(module, "__path__", ())
    there = {*dir(module), *(each.name for each in pkgutil.iter_modules(inside))}
    near = get_close_matches(name, sorted(there), n=3)
    version = _version(package) if "-packages" in module.__file__ else ""
    where = f"{package} {version} in {sys.executable} does not have it"
    is_new = package == "langchain" and not version.startswith("0.")
    left = "what LangChain 1 left out is in langchain_classic" if is_new else ""
    return UnusableError(
        f"{said}: {where if version else f'it is not in {module.__file__}'}",
        f"there is: {', '.join(near)}" if near else left,
    )


def _version(package: str) -> str:
    """The version of a package, nothing where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _not_found(error: ModuleNotFoundError, named: str, folders: list[str]) -> UnusableError:
    name, hint = error.name or "", "name another interpreter with --python PATH"
    if f"{named}.".startswith(f"{name}."):
        name, hint = named, f"it is looked for in its folder and there: {hint}"
    elif found := _elsewhere(name, folders):
        hint = f"there is {found}, in none of the folders that are looked in"
    else:
        hint = f"install it there, or {hint}"
        if name.startswith(("langchain", "langgraph")) and not _version("langchain-core"):
            hint = f"LangChain is not installed there: {hint}"
    return UnusableError(f"No module named {name!r} in {sys.executable}", hint)


def _elsewhere(name: str, folders: list[str]) -> Path | None:
    """A module of this name in a folder inside of those that are looked in."""
    patterns = (f"*/{name}.py", f"*/{name}/__init__.py")
    return next((f for folder in folders for p in patterns for f in Path(folder).glob(p)), None)
