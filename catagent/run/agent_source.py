"""The agent of a request as a source of events: opened when it is first read from.

Heavy imports happen on a thread of their own, inside the running event loop, so that the first
frame is there before LangChain is, and a signal is heard at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

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
from catagent.run.session import Session
from catagent.sources.base import EventStream
from catagent.workarounds.threads import inherit_context

if TYPE_CHECKING:
    from catagent.sources.base import AgentRun

OnStatus = Callable[[str], None]


class AgentSource:
    """Opens one agent and yields its events; retries of its models are reported to `session`.

    `on_status` gets what is awaited in words, and nothing once the agent runs.
    """

    def __init__(
        self,
        request: Request,
        loaded: Loaded,
        session: Session,
        run_id: uuid.UUID,
        on_status: OnStatus,
    ) -> None:
        self._request = request
        self._loaded = loaded
        self._session = session
        self._run_id = run_id
        self._on_status = on_status
        self._loop: asyncio.AbstractEventLoop | None = None

    async def events(self) -> EventStream:
        """Open the agent, run it, and close what it was opened with."""
        self._loop = asyncio.get_running_loop()
        self._on_status("loading LangChain")
        lazy_packages.install()
        inherit_context()
        async with contextlib.aclosing(self._models()) as models:
            if self._request.uses_our_models:
                models.preload()
            opened = await event_loop.on_thread(lambda: self._open(models))
            if (warning := self._beyond(models)) is not None:
                yield ev.Warned(data=warning)
            self._on_status("")
            async with contextlib.aclosing(self._source(opened)) as events:
                async for event in events:
                    yield event

    def _source(self, opened: AgentRun) -> EventStream:
        from catagent.sources import open_source

        return open_source(self._loaded.settings.mode, self._session.attached(opened))

    def _beyond(self, models: Models) -> ev.WarningData | None:
        """What the person should know where the embedded model is to decide."""
        if self._request.tool is not None or not models.decides:
            return None
        return beyond(self._request.model, self._request.agent, self._request.question)

    def _models(self) -> Models:
        def progress(text: str, done: float | None) -> None:
            self._on_status(text if done is None else f"{text} {done:.0%}")

        request = self._request
        context = ModelContext(self._loaded, on_retry=self._retrying, on_progress=progress)
        return Models(request.model, request.tool_model, context)

    def _open(self, models: Models) -> AgentRun:
        request = self._request
        agent_request = AgentRequest(
            request.question,
            models,
            # A graph with a checkpointer of its own asks for a thread.
            config={"run_id": self._run_id, "configurable": {"thread_id": str(self._run_id)}},
            max_steps=self._loaded.settings.max_steps,
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
