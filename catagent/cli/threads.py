"""The thread that a person names, and what it was asked with before."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from catagent.cli.asked import Asked
from catagent.cli.mistakes import require_unix
from catagent.cli.recordings import threads
from catagent.config import Loaded
from catagent.errors import UsageError
from catagent.loading.registry import AGENTS
from catagent.remote.address import Address
from catagent.run.request import Request
from catagent.threads.store import Thread, Threads

if TYPE_CHECKING:
    from catagent.cli.served_threads import ServedThreads

_SETTINGS = ("agent", "model", "tool_model", "mode")


def thread_of(asked: Asked) -> Thread | None:
    """The thread to go on with, begun where its name is new; None where none was named.

    Raises UsageError.
    """
    if not has_thread(asked):
        return None
    kept = threads_of(asked.settings.agent, asked.loaded)
    return kept.new(name=asked.thread) if asked.thread else kept.last()


def has_thread(asked: Asked) -> bool:
    """Whether a thread is named, or the last one meant. Raises UsageError for what is neither."""
    if asked.thread == "":
        raise UsageError("--thread has no name", "--thread NAME begins one")
    if asked.continue_ and asked.thread:
        raise UsageError("--continue and --thread name a thread each", "leave one of them out")
    is_named, keeps = bool(asked.thread or asked.continue_), asked.given.get("history") is not False
    if is_named and not keeps and Address.parse(asked.settings.agent) is None:
        raise UsageError("a thread is kept, and --no-history keeps nothing")
    return is_named


def threads_of(agent: str, loaded: Loaded) -> Threads | ServedThreads:
    """Those of the server that `agent` is the address of, else those that are kept here."""
    if (address := Address.parse(agent)) is None:
        require_unix("a thread that is kept here", "ask without one, or use those of a server")
        return threads(loaded)
    from catagent.cli.served_threads import ServedThreads  # not for what runs here

    return ServedThreads(address, loaded)


def as_before(asked: Asked, thread: Thread | None) -> Asked:
    """What is asked, with what the thread was asked with where nothing else was given."""
    known: dict[str, Any] = thread.asked if thread else {}
    chosen = {k: known[k] for k in _SETTINGS if known.get(k) and not asked.given[k]}
    if thread and "agent" in chosen:
        chosen["agent"] = _short(thread.agent, chosen["agent"])
    settings = replace(asked.settings, **chosen)
    python = asked.python or ("agent" in chosen and known.get("python")) or None
    loaded = replace(asked.loaded, settings=settings)
    return replace(asked, loaded=loaded, python=python)


def in_thread(request: Request, asked: Asked, thread: Thread | None) -> Request:
    """The request in this thread, with what the agent was given before where nothing else is.

    It has what a thread is to remember of it.
    """
    known: dict[str, Any] = thread.asked if thread else {}
    given: dict[str, Any] = {
        "context": request.context or known.get("context"),
        "configurable": {**known.get("configurable", {}), **request.configurable},
    }
    if request.address is not None:
        there = {"thread_id": thread.id} if thread and thread.id else {}
        return replace(request, **given | {"configurable": {**given["configurable"], **there}})
    chosen = {"mode": asked.settings.mode, "agent": _lasting(request.agent)}
    for name in ("model", "tool_model"):  # what was taken by default stays, too
        spec = getattr(request, name)
        taken = f"local:{spec.path.resolve()}" if spec.path else str(spec)
        chosen[name] = taken if request.uses_our_models else getattr(asked.settings, name)
    if thread is not None and thread.id:  # what a recording says is none
        thread.require_agent(chosen["agent"])
    # An interpreter that was found is found, and checked, again.
    kept = {**chosen, **given, "python": asked.python, "breaks": request.breaks}
    kept = {name: value for name, value in kept.items() if value}
    return replace(request, thread=thread, asked=kept, **given)


def _short(agent: str, lasting: str) -> str:
    """The name by which an agent was asked first, where that means the same in this folder."""
    with suppress(UsageError):
        return agent if agent and _lasting(agent) == lasting else lasting
    return lasting


def _lasting(agent: str) -> str:
    """The name of an agent as it holds in every folder."""
    from catagent.agents.code import Code  # not for an agent of ours

    code = None if agent in AGENTS else Code.named(agent)
    if code is not None and code.project is not None:
        return f"{code.project.file.resolve()}:{agent.rpartition(':')[2]}"
    return f"{code.file}:{code.attribute}" if code is not None and code.file else agent
