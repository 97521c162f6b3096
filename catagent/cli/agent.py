"""The agent that is asked: the environment and the interpreter that a person's own one gets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from catagent.agents.langgraph_json import NAME, Project
from catagent.cli.asked import Asked
from catagent.cli.given import pairs, read_object
from catagent.cli.stderr import say
from catagent.config import Settings, with_variables
from catagent.errors import UsageError
from catagent.loading.registry import AGENTS
from catagent.models.spec import choose_model, named
from catagent.redact import shortened
from catagent.remote.address import Address
from catagent.run.request import Request

if TYPE_CHECKING:
    from catagent.agents.code import Code

_HINT = "leave it out, or install catagent in that environment"
# What needs the agent on our side: its models, its interpreter, LangChain's objects in our process.
_NOT_THERE = ("model", "tool_model", "python", "env_file", "break_", "step", "raw", "max_retries")
# What is of no use once a run is left: limits, and what shows, keeps or answers it.
_LIMITS = ("max_steps", "max_tokens", "max_cost", "timeout", "idle_timeout")
_WATCHED = (*_LIMITS, "auto_approve", "inspect", "record", "stats", "output", "json")


def with_agent(asked: Asked) -> tuple[Asked, Path | None]:
    """What is asked, in the agent's environment, and the agent's interpreter, None for ours.

    Raises UsageError for an agent that cannot be found, and for an interpreter or a server that
    cannot do as asked.
    """
    agent = asked.settings.agent
    if agent in AGENTS:
        if asked.python is not None:
            hint = "--agent path/to/file.py:attribute"
            raise UsageError("--python is for an agent of your own", hint)
        _say_others(asked)
        return asked, None
    if (address := Address.parse(agent)) is not None:
        return _on_server(asked, address), None
    from catagent.agents.code import Code  # not for an agent of ours

    if (code := Code.named(agent)) is None:
        return asked, None
    if code.project is not None:
        asked = _with_variables(asked, code.project)
    return asked, _interpreter(asked, code)


def require_detachable(asked: Asked) -> None:
    """Raise UsageError for an agent that is not on a server, and for what wants the run watched."""
    if Address.parse(asked.settings.agent) is None:
        raise UsageError("--detach is for an agent on a server", "--agent https://HOST/GRAPH")
    for option in _flags(name for name in _WATCHED if asked.given.get(name)):
        raise UsageError(f"{option} is for a run that is watched", "leave it or --detach out")


def request_of(asked: Asked, python: Path | None, question: str, given: Any = None) -> Request:
    """What to run for a question, or for the agent's own input. Raises UsageError."""
    environ, tool_model = asked.loaded.environ, asked.settings.tool_model
    address = Address.parse(asked.settings.agent)
    if address is None:
        model = choose_model(asked.settings.model, environ)
    else:
        model, tool_model = named(None), None  # the server has its own
    return Request(
        agent=asked.settings.agent if address is None else str(address),
        address=address,
        question=question,
        input=given,
        context=read_object("--context", asked.context),
        configurable=pairs(asked.configurable or [], "configurable", "--configurable user=ann"),
        model=model,
        tool_model=choose_model(tool_model, environ) if tool_model else model,
        filters=asked.filters,
        raw=asked.raw,
        python=python,
        breaks=tuple(asked.break_ or ()),
        step=asked.step,
    )


def tool_request_of(
    asked: Asked, name: str, tool_input: Mapping[str, str], question: str
) -> Request:
    """What to run for one tool on its own, whose call is the `question`. Raises UsageError."""
    wanted = asked.settings.tool_model or asked.settings.model
    model = choose_model(wanted, asked.loaded.environ)
    return Request(
        agent=asked.settings.agent,
        question=question,
        model=model,
        tool_model=model,
        filters=asked.filters,
        raw=asked.raw,
        tool=name,
        tool_input=dict(tool_input),
    )


def _say_others(asked: Asked) -> None:
    """Say which agents the current folder has, where none was chosen."""
    if asked.quiet or asked.given["agent"] or asked.settings.agent != Settings().agent:
        return
    with contextlib.suppress(UsageError):  # it was not asked for
        if (project := Project.of(Path())) and project.named:
            names = shortened(", ".join(project.named), 200)
            say(f"catagent: this is {asked.settings.agent}; {NAME} has agents of your own: {names}")


def _with_variables(asked: Asked, project: Project) -> Asked:
    found, notices = project.variables()
    loaded = with_variables(asked.loaded, found, f"{project.file}'s env")
    for notice in (*notices, *loaded.notices):
        say(f"catagent: warning: {notice}")
    return replace(asked, loaded=loaded)


def _on_server(asked: Asked, address: Address) -> Asked:
    """The same, asked as servers are. Raises UsageError for what cannot hold on one."""
    given = [name for name in _NOT_THERE if asked.given.get(name)]
    given += ["mode"] * (asked.given.get("mode") not in (None, "events"))
    for option in _flags(given):
        message = f"{option} cannot hold on a server, where the agent has its own models and code"
        raise UsageError(message, "leave it out")
    if not address.graph:
        raise UsageError(f"{address} names no agent", f"catagent agents {quote(str(address))}")
    loaded = replace(asked.loaded, settings=replace(asked.settings, mode="events"))
    return replace(asked, loaded=loaded)


def _interpreter(asked: Asked, code: Code) -> Path | None:
    if code.file is None and code.project is None and asked.python is None:
        return None
    from catagent.agents.interpreter import interpreter_of

    start = code.file or code.root / NAME
    found = interpreter_of(start, code.root, asked.loaded.environ, asked.python)
    if found is not None:
        for option in _unheld(asked):
            raise UsageError(f"{option} cannot hold in {found}, where the agent runs", _HINT)
    return found


def _unheld(asked: Asked) -> list[str]:
    """The options that need the agent in our process. A limit counts wherever it was set."""
    given = [name for name in ("model", "tool_model", "max_steps", "raw") if asked.given.get(name)]
    given += ["mode"] * (asked.given.get("mode") not in (None, "events"))
    given += [name for name in ("max_tokens", "max_cost") if getattr(asked.settings, name)]
    return _flags(given)


def _flags(names: Iterable[str]) -> list[str]:
    return ["--" + name.rstrip("_").replace("_", "-") for name in names]
