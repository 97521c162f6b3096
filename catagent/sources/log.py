"""The `log` mode: the operations of LangChain's run log (`astream_log`) as our events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catagent.events import types as ev
from catagent.sources import to_events
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.chunks import ChunkReader
from catagent.sources.driver import drive
from catagent.sources.run_log import operations
from catagent.sources.span import LLM_KINDS, Span
from catagent.sources.tracker import Tracker

# The root stands apart from the entries.
_ROOT = "/"


def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield start, stream and end of all that is in its run log."""
    return drive(run, operations, _LogReader)


class _LogReader:
    """The operations of one patch -> our events. Knows each log entry by its key in the path."""

    def __init__(self, tracker: Tracker, chunks: ChunkReader) -> None:
        self._tracker = tracker
        self._chunks = chunks
        self._entries: dict[str, tuple[Span, str]] = {}
        self._beside: list[ev.Event] = []

    def __call__(self, ops: list[dict[str, Any]]) -> tuple[list[ev.Event], list[ev.Event]]:
        self._beside = list(to_events.warnings(self._tracker))
        made = list(self._read(ops))
        return self._beside, made

    def _read(self, ops: list[dict[str, Any]]) -> Iterator[ev.Event]:
        for op in ops:
            path, value = op["path"], op["value"]
            if path.startswith("/logs/"):
                key, _, field = path[6:].partition("/")
                yield from self._entry(key, field, value)
            else:
                if path == "/streamed_output/-":
                    yield from self._chunks.read(value)
                yield from self._entry(_ROOT, path[1:], value)

    def _entry(self, key: str, field: str, value: Any) -> Iterator[ev.Event]:
        match field:
            case "":
                yield from self._start(key, value)
            case "streamed_output/-":
                yield from self._stream(*self._entries[key], value)
            case "final_output":
                yield from self._end(*self._entries[key], value)

    def _start(self, key: str, entry: dict[str, Any]) -> Iterator[ev.Event]:
        span, kind = self._tracker.spans[entry["id"]], entry["type"]
        self._entries[key] = span, kind
        if kind in LLM_KINDS:
            yield to_events.llm_started(span)
        elif kind == "tool":
            yield to_events.tool_started(span)
        else:
            yield to_events.node(span, kind, "start", None)

    def _stream(self, span: Span, kind: str, chunk: Any) -> Iterator[ev.Event]:
        if kind in LLM_KINDS:
            yield from to_events.tokens(span, chunk)
        elif kind != "tool" and span is not self._tracker.root:
            yield to_events.node(span, kind, "stream", chunk)

    def _end(self, span: Span, kind: str, output: Any) -> Iterator[ev.Event]:
        if kind in LLM_KINDS:
            yield to_events.llm_finished(span)
        elif kind == "tool":
            if span.error is not None:
                self._beside += to_events.close_inside(self._tracker, span)
            yield to_events.tool_finished(span)
        else:
            phase: ev.Phase = "end" if span.error is None else "error"
            yield to_events.node(span, kind, phase, output)
