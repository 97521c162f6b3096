"""Puts a run of a request together, from plain arguments: its agent, models, session and source."""

import asyncio
import contextlib
import gc
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

from msgspec import UNSET

from catagent import __version__
from catagent.agents.driver import load
from catagent.agents.driver.supplies import Supplies
from catagent.agents.open import AgentRequest, describe_agent, open_agent, undo_agent
from catagent.config import Loaded
from catagent.errors import OutputError
from catagent.events import types as ev
from catagent.events.masking import EventMask
from catagent.failures.classify import Owner
from catagent.loading import lazy_imports
from catagent.models.embedded.notice import beyond
from catagent.models.embedded.window import forgotten
from catagent.models.factory import Models
from catagent.run import event_loop
from catagent.run.broadcast import Broadcast
from catagent.run.frozen import answered
from catagent.run.kept import in_thread, keep_pause
from catagent.run.request import Request
from catagent.run.session import Session
from catagent.sinks.base import RecorderSink, Sink
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.invocation import without_secrets
from catagent.stop import Stop
from catagent.threads.store import Threads
from catagent.workarounds.threads import inherit_context


class Run:
    """One run of a request, ready to be driven once, on the caller's event loop.

    It shares what `after` had, the run before it: its budget, and its memory where no thread has
    that. `thread` is the one that it is kept in: the request's, else where it pauses one of
    `threads`, None for no thread. What is awaited before the agent runs goes to `on_status`, in
    words. `can_go_on` says of one that waits whether LangGraph could go on with it; where it could
    not, `decide` says at a breakpoint whether the run itself does, as AgentRun has it.
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
        threads: Threads | None = None,
        on_status: Callable[[str], object] = lambda _: None,
        after: "Run | None" = None,
        decide: Callable[[], Awaitable[bool | None]] | None = None,
    ) -> None:
        self._request, self._loaded, self._on_status = request, loaded, on_status
        self._run_id, self._decide = run_id or uuid.uuid4(), decide
        self._threads, self.thread = threads, request.thread
        shared = None if after is None or request.thread else after.supplies
        self.supplies: Supplies = shared or Supplies(request.thread_file)
        self.can_go_on = False
        self._mask = EventMask(loaded.secrets)
        before = after.broadcast if after else None
        self.broadcast: Broadcast = Broadcast(
            sinks, recorders, request.filters, self._mask, after=before
        )
        budget = after.session.budget if after else None
        self.session: Session = Session(
            self.broadcast, settings=loaded.settings, stop=stop, budget=budget
        )

    async def drive(self) -> ev.RunFinished:
        """Run to the end, which every sink has seen by then, and return it. Raises nothing."""
        return await self._drive(versions())

    async def _drive(self, found: dict[str, str]) -> ev.RunFinished:
        started, outcome = self._started(found), self.session.outcome
        events = in_thread(self._request, started, self._events(), outcome, self._pause)
        return await self.session.drive(started, events)

    async def describe(self) -> dict[str, Any]:
        """What the request's agent takes and gives, as `driver.describe` has it."""
        async with contextlib.aclosing(self._models()) as models:
            return await describe_agent(self._request.agent, self._agent_request(models))

    async def undo(self) -> None:
        """Have the request's agent take the last turn out of its thread, where it has its own."""
        async with contextlib.aclosing(self._models()) as models:
            await undo_agent(self._request.agent, self._agent_request(models))

    def _started(self, found: dict[str, str]) -> ev.RunStarted:
        request, is_ours = self._request, self._request.uses_our_models
        data = ev.RunStartedData(
            agent=request.tool or request.agent,
            model=str(request.model) if is_ours and request.tool is None else None,
            tool_model=str(request.tool_model) if is_ours else None,
            mode=self._loaded.settings.mode if request.python is None else "events",
            input=request.given,
            thread_id=request.configurable.get("thread_id", self._thread_id),
            filters=request.filters.as_dict(),
            versions=found,
        )
        own = {k: v for k, v in request.configurable.items() if k != "thread_id"}
        data.context = without_secrets(request.context) or UNSET
        data.configurable = without_secrets(own) or UNSET
        if request.resume is not None:
            data.resumes, data.answers = request.resume.run_id, request.resume.answers
        return ev.RunStarted(run_id=str(self._run_id), name=data.agent, data=data)

    @property
    def _thread_id(self) -> str:
        """A graph with a checkpointer asks for one."""
        return str(self._run_id) if self._request.thread is None else self._request.thread.id

    async def _events(self) -> EventStream:
        """Open the agent, on a thread so that signals are heard; run it, and close it."""
        self._on_status("loading LangChain")
        self._prepare()
        async with contextlib.aclosing(self._models()) as models:
            if self._request.uses_our_models and self._request.frozen is None:
                models.preload()
            async with self._opened(models) as agent_run:
                if (warning := self._beyond(models)) is not None:
                    yield ev.Warned(data=warning)
                self._on_status("")
                from catagent.sources.modes import open_source

                self.can_go_on = agent_run.shape == "graph"
                attached = replace(self.session.attached(agent_run), decide=self._decide)
                source = open_source(self._loaded.settings.mode, attached)
                async with contextlib.aclosing(source) as events:
                    async for event in events:
                        self._say_node(event)
                        yield event

    def _prepare(self) -> None:
        """Have the process, which is ours, import less and lose nothing in threads."""
        lazy_imports.install()
        inherit_context()

    @property
    def _pause_file(self) -> str:
        """Where the checkpoints of a run without a thread are put if it waits; empty: nowhere."""
        if self._threads is not None and self._request.thread is None:
            with contextlib.suppress(OutputError):  # said at a pause
                return str(self._threads.file(str(self._run_id)))
        return ""

    def _pause(self, started: ev.RunStarted) -> Iterator[ev.Event]:
        """Keep a run that waits in a thread, or say why it cannot go on, or not elsewhere."""
        lost, hint = self._lost(), "the pause could not be resumed in another process"
        try:
            if self.can_go_on and not lost and self._threads is not None:
                self.thread = keep_pause(self._request, started, self._threads)
        except OutputError as error:
            lost = error.message
        if not self.can_go_on:
            lost = "The run waits inside of what is no graph, where nothing can go on with it."
            hint = "bring the graph on its own; a breakpoint is answered on a terminal, as it waits"
        if lost:
            yield ev.Warned(data=ev.WarningData(code="unresumable", message=lost, hint=hint))

    def _lost(self) -> str:
        """Why a pause is lost with the process, empty where it is not."""
        return self.supplies.lost(self._pause_file)

    def _note(self, event: ev.Event) -> None:
        """Let the session's clock and the footer know what an agent elsewhere waits for."""
        if isinstance(event, ev.LlmStarted):
            self.session.pulse.begin(event.run_id, lambda: True)
        elif isinstance(event, ev.LlmFinished):
            self.session.pulse.end(event.run_id)
        self._say_node(event)

    def _say_node(self, event: ev.Event) -> None:
        """A node of a graph is awaited, as long as nothing else is."""
        match event:
            case ev.Node(name=name, tags=tags, data=ev.NodeData(phase="start")):
                if any(tag.startswith("graph:step:") for tag in tags):
                    self._on_status(f"running {name}")

    @contextlib.asynccontextmanager
    async def _opened(self, models: Models) -> AsyncIterator[AgentRun]:
        """The agent, and what it holds, open. What fails before and after its run is its own."""
        outcome = self.session.outcome
        outcome.owner = Owner("node")
        with contextlib.ExitStack() as stack:
            opening = event_loop.on_thread(lambda: self._open(models, stack))
            async with await opening as agent_run:
                outcome.owner = None
                with contextlib.closing(self.supplies):
                    yield agent_run
                outcome.owner = Owner("node")

    def _beyond(self, models: Models) -> ev.WarningData | None:
        """What the person should know where the embedded model is to decide."""
        if self._request.tool is not None or not models.decides:
            return None
        return beyond(self._request.model, self._request.agent, self._request.question)

    def _models(self) -> Models:
        loop, request = asyncio.get_running_loop(), self._request
        retrying, forgetting = partial(self._retrying, loop), partial(self._forgetting, loop)
        specs = request.model, request.tool_model
        models = Models(*specs, self._loaded, retrying, self._on_status, forgetting)
        return models if request.frozen is None else replace(models, asks=False)

    def _forgetting(self, loop: asyncio.AbstractEventLoop, turns: int) -> None:
        """Called as the embedded model is asked: the conversation is longer than it can see."""
        loop.call_soon_threadsafe(self.session.report, ev.Warned(data=forgotten(turns)))

    def _agent_request(self, models: Models) -> AgentRequest:
        request = self._request
        return AgentRequest(
            request.given,
            models,
            context=request.context,
            configurable=request.configurable,
            config={"run_id": self._run_id, "configurable": {"thread_id": self._thread_id}},
            max_steps=self._loaded.settings.max_steps,
            raw=request.raw,
            supplies=self.supplies,
            resume=request.resume.answers if request.resume else None,
            breaks=request.breaks,
            step=request.step,
            passed=request.passed,
            frozen=request.frozen,
        )

    def _open(
        self, models: Models, stack: contextlib.ExitStack
    ) -> contextlib.AbstractAsyncContextManager[AgentRun]:
        """Open the agent, and on the `stack` what answers in the place of models and tools."""
        request, agent_request = self._request, self._agent_request(models)
        with _no_collections():
            if request.frozen is not None:
                stack.enter_context(answered(request.frozen, models.on_retry))
            if request.tool is not None:
                from catagent.agents.single_tool import open_tool

                tool = open_tool(request.tool, request.tool_input, agent_request)
                return contextlib.nullcontext(tool)
            return open_agent(request.agent, agent_request, request.found)

    def _retrying(self, loop: asyncio.AbstractEventLoop, data: ev.RetryData) -> None:
        """Called by the HTTP client, in the task or thread of the model run that asks."""
        from catagent.sources.span import asking
        from catagent.sources.to_events import envelope

        retry = ev.Retry(data=data, **envelope(asking.get()))
        loop.call_soon_threadsafe(self.session.report, retry)


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


@cache
def versions() -> dict[str, str]:
    """The versions of what runs an agent, by package."""
    return {"catagent": __version__, **load.versions()}
