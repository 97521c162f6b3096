"""Puts a run together, from plain arguments: the one place that knows all of its parts.

A command, a caller from Python and a source of several runs all come here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import metadata

from catagent import __version__
from catagent.config import Loaded
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.events.masking import EventMask
from catagent.run import event_loop
from catagent.run.agent_source import AgentSource, OnStatus
from catagent.run.broadcast import Broadcast
from catagent.run.request import Request
from catagent.run.session import Limits, Session
from catagent.run.watchdog import watchdog
from catagent.sinks.base import RecorderSink, Sink
from catagent.stop import Stop

_PACKAGES = ("langchain", "langchain-core", "langgraph", "langchain-openai")


def open_session(
    sinks: Sequence[Sink] = (),
    recorders: Sequence[RecorderSink] = (),
    *,
    filters: Filters | None = None,
    secrets: Iterable[str] = (),
    limits: Limits | None = None,
    stop: Stop | None = None,
) -> Session:
    """Make the session of one run, whatever its source: its events masked, filtered, written.

    The sinks and recorders stay the caller's to close.
    """
    broadcast = Broadcast(sinks, recorders, filters, EventMask(secrets))
    return Session(broadcast, limits=limits, stop=stop)


def _to_nobody(_: str) -> None:
    return None


class Run:
    """One run of a request, ready to be driven once.

    `drive` is for a caller with an event loop; `execute` brings one along. What is awaited before
    the agent runs goes to `on_status`, in words.
    """

    def __init__(
        self,
        request: Request,
        loaded: Loaded,
        *,
        sinks: Sequence[Sink] = (),
        recorders: Sequence[RecorderSink] = (),
        stop: Stop | None = None,
        run_id: uuid.UUID | None = None,
        on_status: OnStatus = _to_nobody,
    ) -> None:
        self._request, self._mode = request, loaded.settings.mode
        self._run_id = run_id or uuid.uuid4()
        self.session = open_session(
            sinks,
            recorders,
            filters=request.filters,
            secrets=loaded.secrets,
            limits=Limits.of(loaded.settings),
            stop=stop,
        )
        self._source = AgentSource(request, loaded, self.session, self._run_id, on_status)

    async def drive(self) -> ev.RunFinished:
        """Run to the end, which every sink has seen by then, and return it. Raises nothing."""
        return await self.session.drive(self._started(), self._source.events())

    def execute(self, leave: Callable[[], None]) -> ev.RunFinished:
        """Run to the end on an event loop of its own, and return the end.

        Where the loop stands still when the run is to end, this does not return: `leave` is
        called, on a thread, and the process ends. Signals are the caller's, see `Interrupts`.
        """
        with watchdog(self.session, leave):
            return event_loop.run(self.drive(), self.session.stop)

    def _started(self) -> ev.RunStarted:
        request = self._request
        data = ev.RunStartedData(
            agent=request.tool or request.agent,
            model=str(request.model) if request.uses_our_model else None,
            tool_model=str(request.tool_model) if request.uses_our_models else None,
            mode=self._mode,
            input=request.question,
            thread_id=str(self._run_id),
            filters=request.filters.as_dict(),
            versions=versions(),
        )
        return ev.RunStarted(run_id=str(self._run_id), name=data.agent, data=data)


@cache
def versions() -> dict[str, str]:
    """The versions of what runs an agent, by package."""
    found = {"catagent": __version__}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
