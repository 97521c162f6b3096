"""The `log` mode: the operations of LangChain's run log (`astream_log`) as our events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catagent.events import types as ev
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.driver import drive
from catagent.sources.nodes import bubbles_up
from catagent.sources.run_log import operations
from catagent.sources.span import LLM_KINDS, Span
from catagent.sources.translation import Translation

# The root stands apart from the entries.
_ROOT = "/"


def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield start, stream and end of all that is in its run log."""
    return drive(run, operations, _LogReader)


class _LogReader:
    """The operations of one patch -> our events. Knows each log entry by its key in the path."""

    def __init__(self, translation: Translation) -> None:
        self._translation = translation
        self._make = translation.make
        self._entries: dict[str, tuple[Span, str]] = {}
        self._beside: list[ev.Event] = []

    def __call__(self, ops: list[dict[str, Any]]) -> tuple[list[ev.Event], list[ev.Event]]:
        self._beside = []
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
                    yield from self._translation.chunks.read(value)
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
        span, kind = self._translation.tracker.spans[entry["id"]], entry["type"]
        self._entries[key] = span, kind
        self._beside += self._translation.unsaid_before(span.began)
        if kind in LLM_KINDS:
            yield self._make.llm_started(span)
        elif kind == "tool":
            yield self._make.tool_started(span)
        else:
            yield self._make.node(span, kind, "start", None)

    def _stream(self, span: Span, kind: str, chunk: Any) -> Iterator[ev.Event]:
        if kind in LLM_KINDS:
            yield from self._make.tokens(span, chunk)
        elif kind != "tool" and span is not self._translation.tracker.root:
            yield self._make.node(span, kind, "stream", chunk)

    def _end(self, span: Span, kind: str, output: Any) -> Iterator[ev.Event]:
        self._beside += self._translation.unsaid_before(span.ended or 0.0)
        if kind in LLM_KINDS:
            if not span.closed:
                yield from self._make.llm_ended(span)
        elif kind == "tool":
            yield from self._tool_ended(span)
        else:
            yield self._make.node(span, kind, _phase(span), output)
            if span.is_node and not span.closed and span.error is None:
                yield from self._translation.agent.node_ended(span)

    def _tool_ended(self, span: Span) -> Iterator[ev.Event]:
        if span.closed:
            return
        if span.error is not None:
            self._beside += self._translation.close_inside(span)
        yield self._make.tool_finished(span)


def _phase(span: Span) -> ev.Phase:
    if span.error is None:
        return "end"
    return "interrupt" if bubbles_up(span.error) else "error"
