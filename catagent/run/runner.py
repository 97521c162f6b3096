"""Runs one request from its first frame to its exit code: the only place that knows all rooms.

Heavy imports happen on a thread of their own, inside the running event loop, so that the first
frame is there before LangChain is, and a signal is heard at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import sys
import uuid
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import TYPE_CHECKING

from catagent import __version__
from catagent.agents.base import AgentRequest
from catagent.agents.open import open_agent
from catagent.config import Loaded
from catagent.events import types as ev
from catagent.loading import lazy_packages
from catagent.models.context import ModelContext
from catagent.models.embedded.notice import beyond
from catagent.models.factory import Models
from catagent.run import event_loop
from catagent.run.request import Request
from catagent.run.session import Limits, Session
from catagent.sources.base import EventStream

if TYPE_CHECKING:
    from catagent.sources.base import AgentRun

_PACKAGES = ("langchain", "langchain-core", "langgraph", "langchain-openai")


class Run:
    """One run in the making: opens the agent and drives it."""

    def __init__(
        self, request: Request, loaded: Loaded, session: Session, run_id: uuid.UUID
    ) -> None:
        self._request = request
        self._loaded = loaded
        self._session = session
        self._run_id = run_id
        self._loop: asyncio.AbstractEventLoop | None = None

    def execute(self, status: Callable[[str], None]) -> ev.RunFinishedData:
        """Run to the end and return the account of it. `status` is told what is awaited."""
        return event_loop.run(self._execute(status))

    async def _execute(self, status: Callable[[str], None]) -> ev.RunFinishedData:
        self._loop = asyncio.get_running_loop()
        finished = await self._session.drive(self._started(), self._source(status))
        return finished.data

    def _started(self) -> ev.RunStarted:
        request, settings = self._request, self._loaded.settings
        data = ev.RunStartedData(
            agent=request.tool or request.agent,
            model=str(request.model),
            tool_model=str(request.tool_model),
            mode=settings.mode,
            input=request.question,
            thread_id=str(self._run_id),
            filters=request.filters.as_dict(),
            versions=_versions(),
        )
        return ev.RunStarted(run_id=str(self._run_id), name=data.agent, data=data)

    async def _source(self, status: Callable[[str], None]) -> EventStream:
        status("loading LangChain")
        lazy_packages.install()
        async with contextlib.aclosing(self._models(status)) as models:
            if self._request.uses_our_models:
                models.preload()
            opened = await event_loop.on_thread(lambda: self._open(models))
            agent_run = dataclasses.replace(opened, pulse=self._session.pulse)
            if (warning := self._beyond(models)) is not None:
                yield ev.Warned(data=warning)
            from catagent.sources import open_source

            status("")
            mode = self._loaded.settings.mode
            async with contextlib.aclosing(open_source(mode, agent_run)) as events:
                async for event in events:
                    yield event

    def _beyond(self, models: Models) -> ev.WarningData | None:
        """What the person should know where the embedded model is to decide."""
        if self._request.tool is not None or not models.decides:
            return None
        return beyond(self._request.model, self._request.agent, self._request.question)

    def _models(self, status: Callable[[str], None]) -> Models:
        def progress(text: str, done: float | None) -> None:
            status(text if done is None else f"{text} {done:.0%}")

        request = self._request
        context = ModelContext(self._loaded, on_retry=self._retrying, on_progress=progress)
        return Models(request.model, request.tool_model, context)

    def _open(self, models: Models) -> AgentRun:
        request, settings = self._request, self._loaded.settings
        agent_request = AgentRequest(
            request.question,
            models,
            # A graph with a checkpointer of its own asks for a thread.
            config={"run_id": self._run_id, "configurable": {"thread_id": str(self._run_id)}},
            max_steps=settings.max_steps,
            raw=request.raw,
        )
        with _no_collections():
            if request.tool is not None:
                from catagent.agents.single_tool import open_tool

                return open_tool(request.tool, request.tool_input, agent_request)
            return open_agent(request.agent, agent_request)

    def _retrying(self, data: ev.RetryData) -> None:
        """Called by the HTTP client, in the task or thread of the model run that asks."""
        from catagent.sources.span import asking
        from catagent.sources.to_events import envelope

        span = asking.get()
        retry = ev.Retry(data=data, **(envelope(span) if span else {}))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._session.report, retry)


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Importing makes a million objects that stay: looking for garbage among them costs 12 %.

    Only where it is still to be done: what is frozen stays for good, a run's garbage too.
    """
    if "langchain_core" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def limits(loaded: Loaded) -> Limits:
    """How long this run may take and its model be silent."""
    settings = loaded.settings
    return Limits(timeout=settings.timeout, idle_timeout=settings.idle_timeout)


def _versions() -> dict[str, str]:
    found = {"catagent": __version__}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
