"""Names to objects, lazily: "name" from a table, or "module:attribute" from anywhere.

The tables hold import paths, so that looking a name up imports what it names and nothing else.
Adding an agent or a tool is one row here.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from catagent.errors import UsageError
from catagent.loading import current_folder

# Each makes an agent, as a person's own factory does: (model, tool_model) -> Runnable.
AGENTS: Mapping[str, str] = {
    "cat": "catagent.agents.cat:build",
    "cat-classic": "catagent.agents.cat_classic:build",
}

# Each makes tools out of the model that they ask: (model) -> list of tools.
TOOLS: Mapping[str, str] = {
    "where_cat_is_hiding": "catagent.agents.cat_tools:make_tools",
    "get_items": "catagent.agents.cat_tools:make_tools",
    "tell_me_a_joke_about": "catagent.agents.cat_tools:make_tools",
}

# Each builds a chat model: (ModelSpec, Role, ModelContext) -> BaseChatModel. Every other provider
# goes through LangChain's init_chat_model.
PROVIDERS: Mapping[str, str] = {
    "openai": "catagent.models.providers.openai:build",
    "local": "catagent.models.providers.embedded:build",
}


def lookup(name: str, table: Mapping[str, str], what: str) -> Any:
    """The object that `name` stands for, as a row of `table` or as "module:attribute".

    Raises UsageError, with what is there to choose from, where it stands for nothing.
    """
    if name in table:
        return load(table[name], what)
    if ":" in name:
        current_folder.serve(name.partition(":")[0])
        return load(name, what)
    raise UsageError(f"no {what} called {name!r}", suggest(name, table, what))


def suggest(name: str, known: Iterable[str], what: str) -> str:
    """A hint for a name that is not there: the nearest one, and all of them."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    own = " - or your own as package.module:attribute" if what == "agent" else ""
    return f"{meant}there is: {', '.join(names)}{own}"


def load(path: str, what: str) -> Any:
    """Import "module:attribute"."""
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute:
        raise UsageError(f"{path!r} names no {what}", "write it as package.module:attribute")
    found: Any = _import(module_name, what)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = [name for name in dir(found) if not name.startswith("_")]
            hint = suggest(part, get_close_matches(part, public, n=5, cutoff=0.3), "attribute")
            raise UsageError(f"{module_name} has no attribute {attribute!r}", hint) from None
    return found


def _import(module_name: str, what: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise UsageError(
                f"{what} {module_name} needs the module {error.name}, which is not installed"
            ) from error
        raise UsageError(
            f"no module named {module_name}", "it is looked for here and in the environment"
        ) from None
