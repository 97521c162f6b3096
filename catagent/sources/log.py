"""The `log` mode: the operations of LangChain's run log (`astream_log`) as our events."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from catagent import events as ev
from catagent.sources import spans
from catagent.sources.attach import tracking, with_raw
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.pump import patches
from catagent.sources.shapes import ChunkReader
from catagent.sources.tracker import Span, Tracker

_LLM = frozenset({"llm", "chat_model"})
_KINDS: dict[str, ev.NodeKind] = {
    "chain": "chain",
    "prompt": "prompt",
    "retriever": "retriever",
    "parser": "parser",
}


async def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield start, stream and end of all that its run log tells of."""
    async with tracking(run) as tracker:
        reader = ChunkReader(run, tracker)
        read = _PatchReader(tracker, reader)
        try:
            async with contextlib.aclosing(patches(run, tracker)) as log:
                async for patch in log:
                    found = [*spans.warnings(tracker), *read(patch.ops)]
                    for event in with_raw(run, found, patch.ops, tracker):
                        yield event
        except Exception:
            for event in spans.close_failed(tracker):
                yield event
            raise
        for event in (*spans.warnings(tracker), *reader.finish()):
            yield event


class _PatchReader:
    """Operations of one patch -> our events. Knows each log entry by its key in the path."""

    def __init__(self, tracker: Tracker, reader: ChunkReader) -> None:
        self._tracker = tracker
        self._reader = reader
        self._entries: dict[str, tuple[Span, str]] = {}

    def __call__(self, ops: list[dict[str, Any]]) -> Iterator[ev.Event]:
        for op in ops:
            path, value = op["path"], op["value"]
            if path.startswith("/logs/"):
                key, _, field = path[6:].partition("/")
                yield from self._entry(key, field, value)
            elif path == "/streamed_output/-":
                yield from self._reader.read(value)

    def _entry(self, key: str, field: str, value: Any) -> Iterator[ev.Event]:
        if not field:
            yield from self._start(key, value)
            return
        span, kind = self._entries[key]
        if field == "streamed_output/-":
            yield from self._stream(span, kind, value)
        elif field == "final_output":
            yield from self._end(span, kind, value)

    def _start(self, key: str, entry: dict[str, Any]) -> Iterator[ev.Event]:
        span, kind = self._tracker.spans[entry["id"]], entry["type"]
        self._entries[key] = span, kind
        if kind in _LLM:
            yield spans.llm_started(span)
        elif kind == "tool":
            yield spans.tool_started(span)
        else:
            yield spans.node(span, _KINDS.get(kind, "other"), "start", None)

    def _stream(self, span: Span, kind: str, chunk: Any) -> Iterator[ev.Event]:
        if kind in _LLM:
            yield from spans.tokens(span, chunk)
        elif kind != "tool":
            yield spans.node(span, _KINDS.get(kind, "other"), "stream", chunk)

    def _end(self, span: Span, kind: str, output: Any) -> Iterator[ev.Event]:
        if kind in _LLM:
            yield spans.llm_finished(span)
        elif kind == "tool":
            yield from spans.close_inside(self._tracker, span) if span.error else ()
            yield spans.tool_finished(span)
        else:
            phase: ev.Phase = "end" if span.error is None else "error"
            yield spans.node(span, _KINDS.get(kind, "other"), phase, output)
