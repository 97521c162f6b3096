"""The `log` mode: the operations of LangChain's run log (`astream_log`) as our events."""

from __future__ import annotations

import asyncio
import contextlib
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import BaseMessageChunk

from catagent.events import types as ev
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.driven import DrivenTracker
from catagent.sources.driver import Upstream, chunks_of, drive
from catagent.sources.nodes import bubbles_up
from catagent.sources.span import LLM_KINDS, Span
from catagent.sources.translation import EventReader, Translation
from catagent.workarounds.callbacks import log_nothing_of
from catagent.workarounds.run_log import RunLogHandler

_PHASES = {"": "start", "streamed_output/-": "stream", "final_output": "end"}


def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield start, stream and end of all that is in its run log."""
    return drive(run, operations, _LogReader)


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
    """The operations of each patch as it happens, pumped by ourselves. Raises what the run raises.

    LangChain's `astream_log` is deprecated, and goes on calling models after it was closed: this
    cancels the run. They are those of RFC 6902, which a JSON library can apply.
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
        async with contextlib.aclosing(chunks_of(run, tracker, handler)) as stream:
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


log_nothing_of(RunLogHandler)
