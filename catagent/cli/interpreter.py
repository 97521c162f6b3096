"""In which Python `ask` runs an agent, and what cannot be had where that is not ours."""

from __future__ import annotations

from pathlib import Path

from catagent.cli.asked import Asked
from catagent.errors import UsageError
from catagent.loading.registry import AGENTS

_HINT = "leave it out, or install catagent in that environment"


def interpreter(asked: Asked) -> Path | None:
    """Return the interpreter for the agent, None for ours.

    Raises UsageError for one that cannot be used, and for options that cannot hold in it.
    """
    agent, named = asked.settings.agent, asked.python
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
    found = interpreter_of(code.file or code.folder, asked.loaded.environ, named)
    if found is not None:
        for option in _unheld(asked):
            raise UsageError(f"{option} cannot hold in {found}, where the agent runs", _HINT)
    return found


def _unheld(asked: Asked) -> list[str]:
    """The options that need the agent in our process. A limit counts wherever it was set."""
    given = [name for name in ("model", "tool_model", "max_steps", "raw") if asked.given[name]]
    given += ["mode"] * (asked.given["mode"] not in (None, "events"))
    given += [name for name in ("max_tokens", "max_cost") if getattr(asked.settings, name)]
    return ["--" + name.replace("_", "-") for name in given]
