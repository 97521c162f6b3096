"""In which Python `ask` runs an agent, and what cannot be had where that is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catagent.config import Loaded, Settings
from catagent.errors import UsageError
from catagent.loading.registry import AGENTS

_HINT = "leave it out, or install catagent in that environment"


def interpreter(loaded: Loaded, shared: Mapping[str, Any], named: str | None) -> Path | None:
    """Return the interpreter for the agent, None for ours. `shared` has the options as given.

    Raises UsageError for one that cannot be used, and for options that cannot hold in it.
    """
    agent = loaded.settings.agent
    if agent in AGENTS or ":" not in agent:
        if named is None:
            return None
        raise UsageError(
            "--python is for an agent of your own", "--agent path/to/file.py:attribute"
        )
    from catagent.agents.code import Code
    from catagent.agents.interpreter import interpreter_of

    code = Code.named(agent)
    if code is None or (code.file is None and named is None):
        return None
    found = interpreter_of(code.file or code.folder, loaded.environ, named)
    if found is not None:
        for option in _unheld(loaded.settings, shared):
            raise UsageError(f"{option} cannot hold in {found}, where the agent runs", _HINT)
    return found


def _unheld(settings: Settings, shared: Mapping[str, Any]) -> list[str]:
    """The options that need the agent in our process. A limit counts wherever it was set."""
    given = [name for name in ("model", "tool_model", "max_steps", "raw") if shared[name]]
    given += ["mode"] * (shared["mode"] not in (None, "events"))
    given += [name for name in ("max_tokens", "max_cost") if getattr(settings, name)]
    return ["--" + name.replace("_", "-") for name in given]
