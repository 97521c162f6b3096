"""The `events` mode: LangChain's `astream_events(version="v2")` as our events."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from catagent import events as ev
from catagent.sources import spans
from catagent.sources.attach import configured, graph_arguments, limited, tracking, with_raw
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.raw import plain
from catagent.sources.shapes import ChunkReader
from catagent.sources.tracker import Tracker

_PHASES: dict[str, ev.Phase] = {"start": "start", "stream": "stream", "end": "end"}
_KINDS: dict[str, ev.NodeKind] = {
    "chain": "chain",
    "prompt": "prompt",
    "retriever": "retriever",
    "parser": "parser",
}
_CONTENT = {"start": "input", "stream": "chunk", "end": "output"}


async def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield every token of every model, and all else that it does."""
    async with tracking(run) as tracker:
        reader = ChunkReader(run, tracker)
        translate = _Translator(tracker, reader)
        try:
            async with contextlib.aclosing(_open(run, tracker)) as upstream:
                async for event in upstream:
                    for each in with_raw(run, translate(event), event, tracker):
                        yield each
        except Exception:
            for each in spans.close_failed(tracker):
                yield each
            raise
        for each in reader.finish():
            yield each


def _open(run: AgentRun, tracker: Tracker) -> AsyncGenerator[Any, None]:
    upstream: Any = limited(run).astream_events(
        run.input, configured(run, tracker), version="v2", **graph_arguments(run)
    )
    events: AsyncGenerator[Any, None] = upstream
    return events


def _remainder(event: Any) -> ev.Node:
    return ev.Node(
        run_id=event["run_id"],
        parent_ids=list(event.get("parent_ids") or []),
        name=event["name"],
        tags=list(event.get("tags") or []),
        data=ev.NodeData(kind="other", phase=_PHASES.get(event["event"].split("_")[-1], "stream")),
    )


class _Translator:
    """StreamEvent -> our events, none for what tells nothing new."""

    def __init__(self, tracker: Tracker, reader: ChunkReader) -> None:
        self._tracker = tracker
        self._reader = reader
        self._spans = tracker.spans

    def __call__(self, event: Any) -> list[ev.Event]:
        kind = event["event"]
        if kind == "on_chat_model_stream" or kind == "on_llm_stream":
            return spans.tokens(self._spans[event["run_id"]], event["data"]["chunk"])
        found = list(spans.warnings(self._tracker))
        found += self._other(kind, event)
        return found

    def _other(self, kind: str, event: Any) -> Iterator[ev.Event]:
        span = self._spans.get(event["run_id"])
        if span is None or kind == "on_custom_event":
            yield _custom(event) if kind == "on_custom_event" else _remainder(event)
            return
        match kind:
            case "on_chat_model_start" | "on_llm_start":
                yield spans.llm_started(span)
            case "on_chat_model_end" | "on_llm_end":
                yield spans.llm_finished(span)
            case "on_tool_start":
                yield spans.tool_started(span)
            case "on_tool_end":
                yield spans.tool_finished(span)
            case "on_tool_error":
                yield from spans.close_inside(self._tracker, span)
                yield spans.tool_finished(span)
            case _:
                yield from self._node(kind, event)

    def _node(self, kind: str, event: Any) -> Iterator[ev.Event]:
        span = self._spans[event["run_id"]]
        _, what, phase = kind.split("_", 2)
        if span is self._tracker.root and phase == "stream":
            yield from self._reader.read(event["data"].get("chunk"))
            return
        content = event["data"].get(_CONTENT.get(phase, ""))
        yield spans.node(span, _KINDS.get(what, "other"), _PHASES.get(phase, "error"), content)


def _custom(event: Any) -> ev.Node:
    custom = _remainder(event)
    custom.data = ev.NodeData(kind="custom", phase="stream", content=plain(event["data"]))
    return custom
