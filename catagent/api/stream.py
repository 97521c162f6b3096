"""`catagent.stream`: the run of an agent as an async iterator of its events.

For use inside somebody else's program: no `.env`, settings, history or signal handlers, and
nothing is printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catagent.config import Mode, Settings, merged, secrets_of
from catagent.errors import ExitCode, UsageError
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.events.masking import EventMask
from catagent.run.broadcast import Broadcast
from catagent.run.recorders import recorders
from catagent.run.runner import versions
from catagent.run.session import Session
from catagent.sinks.base import Sink
from catagent.stop import Stop

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable, RunnableConfig
    from langgraph.graph import StateGraph

    from catagent.sources.base import AgentRun, EventStream

    Agent = Runnable[Any, Any] | StateGraph[Any, Any, Any, Any]

DEFAULTS = Settings()


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
    return run_events((), **locals())


async def run_events(
    sinks: Sequence[Sink],
    *,
    agent: Agent,
    input: Any,  # noqa: A002 - as in `stream`, which says what each of them is
    config: RunnableConfig | None,
    filters: Filters | None,
    raw: bool,
    secrets: Iterable[str],
    record: str | os.PathLike[str] | None,
    **chosen: Any,
) -> AsyncGenerator[ev.Event, None]:
    """The events of a run, which go to `sinks` as well. They stay the caller's to close."""
    from catagent.agents.custom import fit
    from catagent.sources.backpressure import paced

    _check("filters", filters, Filters)
    _check("config", config, dict)
    settings = merged([("the call", chosen)])
    config, run_id = _configured(config)
    agent_run = fit(agent, input, config, max_steps=settings.max_steps, raw=raw)
    pull, stop = _Pull(), Stop()
    # A text alone is one secret, and not its letters.
    mask = EventMask((*secrets_of(), *((secrets,) if isinstance(secrets, str) else secrets)))
    place = None if record is None else Path(record)
    with recorders(run_id, stop, record=place) as recording:
        broadcast = Broadcast((pull, *sinks), recording, filters, mask)
        session = Session(broadcast, settings=settings, stop=stop)
        source = paced(settings.mode, session.attached(agent_run), pull.taken)
        started = _started(agent_run, input, settings.mode, filters or Filters())
        driven = session.drive(started, source)
        async with contextlib.aclosing(pull.events(session, driven)) as events:
            async for event in events:
                yield event


class _Pull(Sink):
    """A sink that holds what its session emitted until somebody takes it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[ev.Event | None] = asyncio.Queue()

    def write(self, event: ev.Event) -> None:
        self._queue.put_nowait(event)

    async def taken(self) -> None:
        """Wait until whoever asks for events has come back for more than there is."""
        await self._queue.join()

    async def events(self, session: Session, driven: Coroutine[Any, Any, object]) -> EventStream:
        """Yield the events of a session that is `driven`; cancel it if closed."""
        driving = asyncio.create_task(driven)
        driving.add_done_callback(lambda _: self._queue.put_nowait(None))
        try:
            while (event := await self._queue.get()) is not None:
                yield event
                self._queue.task_done()
            await driving
        finally:
            if not driving.done():
                session.cancel(ExitCode.INTERRUPTED)
                await asyncio.wait((driving,))


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


def _started(agent_run: AgentRun, given: Any, mode: Mode, filters: Filters) -> ev.RunStarted:
    from catagent.sources.plain import plain

    config = agent_run.config or {}
    data = ev.RunStartedData(
        agent=config["run_name"],
        mode=mode,
        input=plain(given),
        thread_id=str(config["configurable"]["thread_id"]),
        filters=filters.as_dict(),
        versions=versions(),
    )
    return ev.RunStarted(run_id=str(config["run_id"]), name=data.agent, data=data)
