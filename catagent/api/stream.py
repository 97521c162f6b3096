"""`catagent.stream`: the run of an agent as an async iterator of its events.

For use inside somebody else's program: no `.env`, settings, history or signal handlers, and
nothing is printed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import uuid
from collections.abc import AsyncGenerator, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catagent.config import Mode, Settings, chosen, secrets_of
from catagent.errors import UsageError
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.events.masking import EventMask
from catagent.run.broadcast import Broadcast
from catagent.run.pull import Pull
from catagent.run.recorders import recorders
from catagent.run.runner import versions
from catagent.run.session import Limits, Session
from catagent.sinks.base import Sink
from catagent.stop import Stop

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable, RunnableConfig
    from langgraph.graph import StateGraph

    from catagent.sources.base import AgentRun

    Agent = Runnable[Any, Any] | StateGraph[Any, Any, Any, Any]

DEFAULTS = Settings()
_SETTINGS = ("mode", "max_steps", "timeout", "idle_timeout", "max_tokens", "max_cost")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The arguments of `stream`, which says what each of them is."""

    agent: Agent
    input: Any
    mode: Mode
    config: RunnableConfig | None
    filters: Filters | None
    max_steps: int
    timeout: float
    idle_timeout: float
    max_tokens: int
    max_cost: float
    raw: bool
    secrets: Iterable[str]
    record: str | os.PathLike[str] | None


def stream(
    agent: Agent,
    input: Any,  # noqa: A002 - LangChain's word
    *,
    mode: Mode = DEFAULTS.mode,
    config: RunnableConfig | None = None,
    filters: Filters | None = None,
    max_steps: int = DEFAULTS.max_steps,
    timeout: float = DEFAULTS.timeout,
    idle_timeout: float = DEFAULTS.idle_timeout,
    max_tokens: int = DEFAULTS.max_tokens,
    max_cost: float = DEFAULTS.max_cost,
    raw: bool = False,
    secrets: Iterable[str] = (),
    record: str | os.PathLike[str] | None = None,
) -> AsyncGenerator[ev.Event, None]:
    """Run an agent and yield its events, from run.started to run.finished.

    `agent` is a Runnable, a graph or an AgentExecutor. `input` is a question, put where the agent
    takes one, or the agent's own input, passed as it is. `config` is LangChain's: its callbacks,
    tags and configurable are kept. `filters` say which events to yield. The limits are as on the
    command line: steps; and, 0 for none, seconds in all and of a model's silence, tokens, and US
    dollars. `raw` adds LangChain's own objects. `secrets` are masked, as those of the environment
    are. `record` is a new file that gets every event.

    The agent waits while an event is looked at. Closed before its end, the run is cancelled. What
    fails in the run is in the last event; what cannot be run or recorded raises UsageError or
    OutputError before the first.
    """
    return run_events(Call(**locals()))


async def run_events(call: Call, sinks: Sequence[Sink] = ()) -> AsyncGenerator[ev.Event, None]:
    """The events of a run, which go to `sinks` as well. They stay the caller's to close."""
    from catagent.agents.custom import fit
    from catagent.sources.backpressure import paced

    _check("filters", call.filters, Filters)
    _check("config", call.config, dict)
    settings = chosen("the call", **{name: getattr(call, name) for name in _SETTINGS})
    config, run_id = _configured(call.config)
    agent_run = fit(call.agent, call.input, config, max_steps=settings.max_steps, raw=call.raw)
    pull, stop = Pull(), Stop()
    # A text alone is one secret, and not its letters.
    secrets = (call.secrets,) if isinstance(call.secrets, str) else call.secrets
    mask = EventMask((*secrets_of(), *secrets))
    record = None if call.record is None else Path(call.record)
    with recorders(run_id, stop, record=record) as recording:
        broadcast = Broadcast((pull, *sinks), recording, call.filters, mask)
        session = Session(broadcast, limits=Limits.of(settings), stop=stop)
        source = paced(call.mode, session.attached(agent_run), pull.taken)
        drive = partial(session.drive, _started(call, agent_run), source)
        async with contextlib.aclosing(pull.events(session, drive)) as events:
            async for event in events:
                yield event


def _check(name: str, given: object, kind: type) -> None:
    """Raise UsageError for an option of a wrong type, before anything runs."""
    if given is not None and not isinstance(given, kind):
        message = f"{name} from the call is of type {type(given).__name__}"
        raise UsageError(message, f"it is a {kind.__name__}")


def _configured(config: RunnableConfig | None) -> tuple[RunnableConfig, str]:
    """A config that has a run id, and a thread: a graph that keeps checkpoints asks for one."""
    given: RunnableConfig = config or {}
    run_id = given.get("run_id") or uuid.uuid4()
    configurable = {"thread_id": str(run_id), **(given.get("configurable") or {})}
    return {**given, "run_id": run_id, "configurable": configurable}, str(run_id)


def _started(call: Call, agent_run: AgentRun) -> ev.RunStarted:
    from catagent.sources.plain import plain

    config = agent_run.config or {}
    data = ev.RunStartedData(
        agent=config["run_name"],
        mode=call.mode,
        input=plain(call.input),
        thread_id=str(config["configurable"]["thread_id"]),
        filters=call.filters.as_dict() if call.filters else {},
        versions=versions(),
    )
    return ev.RunStarted(run_id=str(config["run_id"]), name=data.agent, data=data)
