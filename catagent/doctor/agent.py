"""Which agent would be asked, and the interpreter that an agent of a person's own runs in."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shlex import quote

from catagent.agents.code import Code, unknown
from catagent.agents.interpreter import interpreter_of, project_root
from catagent.agents.langgraph_json import NAME
from catagent.config import Loaded
from catagent.doctor.settings import source
from catagent.errors import UsageError
from catagent.events.report import Check, Status
from catagent.loading.registry import AGENTS
from catagent.remote.address import Address

_check = partial(Check, "agent")


def checks(loaded: Loaded, python: str | None) -> Iterator[Check]:
    """Yield what is found. Nothing of the agent's is imported, and no interpreter is started."""
    name, why, code = loaded.settings.agent, source(loaded, "agent"), None
    try:
        if (address := Address.parse(name)) is not None:
            asks = f"catagent agents {quote(str(address))}"
            yield _check("agent", f"{address}, on a server", "note", why, asks)
            return
        if name not in AGENTS and (code := Code.named(name)) is None:
            raise unknown(name, AGENTS)
        yield _check("agent", f"{name}, {code.file or code.root if code else 'built in'}", why=why)
    except UsageError as error:
        yield _check("agent", error.message, "broken", why, error.hint)
    try:
        yield _interpreter(code, loaded, python)
    except FileNotFoundError:
        yield _check("interpreter", "the current folder is gone", "broken", remedy="cd")
    except UsageError as error:
        status: Status = "broken" if code or python else "warning"
        yield _check("interpreter", error.message, status, remedy=error.hint)


def _interpreter(code: Code | None, loaded: Loaded, python: str | None) -> Check:
    """That of the agent's code, else of an agent that stood in the current folder."""
    file = (code and (code.file or code.root / NAME)) or Path.cwd() / "agent.py"
    root = code.root if code else project_root(file)
    found = interpreter_of(file, root, loaded.environ, python)
    if found is None:
        why = f"there is no other in VIRTUAL_ENV, nor in a .venv of {root}"
        return _check("interpreter", f"this one, {sys.executable}", why=why)
    is_active = bool(loaded.environ.get("VIRTUAL_ENV"))
    why = "--python" if python else "VIRTUAL_ENV" if is_active else f"the .venv of {root}"
    return _check("interpreter", str(found), why=why)
