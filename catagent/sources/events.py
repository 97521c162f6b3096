"""The `events` mode: LangChain's `astream_events(version="v2")` as our events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from catagent.events import types as ev
from catagent.sources import to_events
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.chunks import ChunkReader
from catagent.sources.driver import Upstream, configured, drive, graph_arguments, limited
from catagent.sources.plain import plain
from catagent.sources.span import Span
from catagent.sources.tracker import Tracker

_PHASES: dict[str, ev.Phase] = {"start": "start", "stream": "stream", "end": "end"}
_CONTENT = {"start": "input", "stream": "chunk", "end": "output"}


def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield every token of every model, and all else that it does."""
    return drive(run, _open, _EventReader)


def _open(run: AgentRun, tracker: Tracker) -> Upstream:
    upstream: Any = limited(run).astream_events(
        run.input, configured(run, tracker), version="v2", **graph_arguments(run)
    )
    events: Upstream = upstream
    return events


class _EventReader:
    """StreamEvent -> our events, none for what says nothing new."""

    def __init__(self, tracker: Tracker, chunks: ChunkReader) -> None:
        self._tracker = tracker
        self._chunks = chunks
        self._spans = tracker.spans

    def __call__(self, event: Any) -> tuple[Sequence[ev.Event], list[ev.Event]]:
        kind, span = event["event"], self._spans.get(event["run_id"])
        if span is None or kind == "on_custom_event":
            return (), [_custom(event, span)]
        if kind == "on_chat_model_stream" or kind == "on_llm_stream":
            return (), to_events.tokens(span, event["data"]["chunk"])
        return list(self._beside(kind, span)), list(self._other(kind, span, event))

    def _beside(self, kind: str, span: Span) -> Iterator[ev.Event]:
        yield from to_events.warnings(self._tracker)
        match kind:
            case "on_chat_model_start" | "on_llm_start":
                yield from to_events.failed_before(self._tracker, span.began)
            case "on_tool_end":
                yield from to_events.failed_before(self._tracker, span.ended or 0.0)
            case "on_tool_error":
                yield from to_events.close_inside(self._tracker, span)

    def _other(self, kind: str, span: Span, event: Any) -> Iterator[ev.Event]:
        match kind:
            case "on_chat_model_start" | "on_llm_start":
                yield to_events.llm_started(span)
            case "on_chat_model_end" | "on_llm_end":
                yield to_events.llm_finished(span)
            case "on_tool_start":
                yield to_events.tool_started(span)
            case "on_tool_end" | "on_tool_error":
                yield to_events.tool_finished(span)
            case _:
                yield from self._node(kind, span, event)

    def _node(self, kind: str, span: Span, event: Any) -> Iterator[ev.Event]:
        _, what, phase = kind.split("_", 2)
        if span is self._tracker.root and phase == "stream":
            yield from self._chunks.read(event["data"].get("chunk"))
            return
        content = event["data"].get(_CONTENT.get(phase, ""))
        yield to_events.node(span, what, _PHASES.get(phase, "error"), content)


def _custom(event: Any, span: Span | None) -> ev.Node:
    """An event of the person's own, or of a run that the tracker does not know."""
    data = ev.NodeData(kind="custom", phase="stream", content=plain(event["data"]))
    known = {key: event[key] for key in ("run_id", "parent_ids", "tags")}
    where = to_events.envelope(span) if span else known
    return ev.Node(data=data, **{**where, "name": event["name"]})
