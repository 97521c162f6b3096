"""The modes: which of LangChain's streaming APIs each goes by, and who reads what that gives."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessageChunk
from langchain_core.runnables import Runnable, RunnableBinding

from catagent.config import Mode
from catagent.events import types as ev
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.chunks import updates_in
from catagent.sources.driven import DrivenTracker
from catagent.sources.driver import Reader, Upstream, configured, drive
from catagent.sources.nodes import bubbles_up
from catagent.sources.span import LLM_KINDS, Span
from catagent.sources.translation import EventReader, Translation
from catagent.workarounds.callbacks import log_nothing_of
from catagent.workarounds.run_log import RunLogHandler

_PHASES = {"": "start", "streamed_output/-": "stream", "final_output": "end"}


def open_source(mode: Mode, run: AgentRun) -> EventStream:
    """The events of `run`, by way of the LangChain API that `mode` names."""
    return drive(run, *_MODES[mode])


def _graph_arguments(run: AgentRun, **more: Any) -> dict[str, Any]:
    """What `astream` is to be asked for: a graph's updates, those of nested graphs too."""
    updates = {"stream_mode": "updates", "subgraphs": True, **more}
    return updates if run.shape == "graph" else {}


def _chunks(run: AgentRun, tracker: DrivenTracker, *others: BaseCallbackHandler) -> Upstream:
    """The agent's own chunks, those of `astream`."""
    more: Any = _graph_arguments(run, version="v2")
    chunks = run.runnable.astream(run.input, configured(run, tracker, *others), **more)
    return cast("Upstream", chunks)


def _events(run: AgentRun, tracker: DrivenTracker) -> Upstream:
    """The events of LangChain's `astream_events`, version 2."""
    # It hands on LangChain's default of 25 as if somebody had set that limit: a binding does not.
    bound: Runnable[Any, Any] = RunnableBinding(bound=run.runnable)
    config, more = configured(run, tracker), _graph_arguments(run)
    events = Runnable.astream_events(bound, run.input, config, version="v2", **more)
    return cast("Upstream", events)


def _step_reader(translation: Translation) -> Reader:
    """A chunk of the agent's -> our events, after those of what ended meanwhile; no tokens."""
    translation.tracker.says_tools = False

    def read(chunk: Any) -> tuple[list[ev.Event], list[ev.Event]]:
        beside, made = translation.unsaid_with(updates_in(chunk))
        return beside, made + list(translation.chunks.read(chunk))

    return read


class _LogReader:
    """The operations of one patch -> our events. Knows each log entry by its key in the path."""

    def __init__(self, translation: Translation) -> None:
        self._spans = translation.tracker.spans
        self._read = EventReader(translation)
        self._entries: dict[str, tuple[Span, str]] = {}

    def __call__(self, ops: list[dict[str, Any]]) -> tuple[list[ev.Event], list[ev.Event]]:
        beside, made = list[ev.Event](), list[ev.Event]()
        for op in ops:
            key, field = _place(op["path"])
            if field in _PHASES:
                before, found = self._read(self._event(key, field, op["value"]))
                beside += before
                made += found
        return beside, made

    def _event(self, key: str, field: str, value: Any) -> dict[str, Any]:
        """What `astream_events` would say."""
        if not field:
            self._entries[key] = self._spans[value["id"]], value["type"]
        span, kind = self._entries[key]
        phase = _PHASES[field]
        if phase == "end" and span.error is not None and kind not in LLM_KINDS:
            phase = "interrupt" if bubbles_up(span.error) and kind != "tool" else "error"
        data = {} if phase == "start" else {"chunk": value, "output": value}
        return {"event": f"on_{kind}_{phase}", "run_id": span.run_id, "data": data}


def _place(path: str) -> tuple[str, str]:
    """The key of an entry, and the field of it; the root's is a key that no entry can have."""
    key, _, field = path[6:].partition("/")
    return (key, field) if path.startswith("/logs/") else ("/", path[1:])


async def operations(run: AgentRun, tracker: DrivenTracker) -> Upstream:
    """The operations (RFC 6902) of each patch as it happens. Raises what the run raises.

    LangChain's own `astream_log` goes on calling models after it was closed: this cancels the run.
    """
    handler = RunLogHandler()
    pump = asyncio.create_task(_pump(run, tracker, handler))
    try:
        async for patch in handler:
            yield patch.ops
        await pump
    finally:
        # Not once it is done: to await a task again takes the traceback off what it raised.
        if not pump.done():
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await pump


async def _pump(run: AgentRun, tracker: DrivenTracker, handler: RunLogHandler) -> None:
    chunks: list[Any] = []
    try:
        async with contextlib.aclosing(_chunks(run, tracker, handler)) as stream:
            async for chunk in stream:
                chunks.append(chunk)
                handler.send({"op": "add", "path": "/streamed_output/-", "value": chunk})
        handler.send({"op": "replace", "path": "/final_output", "value": _merged(chunks)})
    finally:
        await handler.send_stream.aclose()


def _merged(chunks: list[Any]) -> Any:
    """The chunks added up where that can be done, else the last. Linear for text and messages."""
    first, *rest = chunks or [None]
    with contextlib.suppress(TypeError):
        if isinstance(first, BaseMessageChunk):
            return first + rest
        return "".join(chunks) if isinstance(first, str) else reduce(add, rest, first)
    return chunks[-1]


_MODES: dict[Mode, tuple[Callable[..., Upstream], Callable[[Translation], Reader]]] = {
    "steps": (_chunks, _step_reader),
    "log": (operations, _LogReader),
    "events": (_events, EventReader),
}
log_nothing_of(RunLogHandler)
