"""The events of LangChain's `astream_events(version="v2")`, or others of their form, as ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from catagent.events import types as ev
from catagent.sources.span import Span
from catagent.sources.translation import Translation

_CONTENT = {"start": "input", "stream": "chunk", "end": "output"}


class EventReader:
    """StreamEvent -> our events, none for what says nothing new."""

    def __init__(self, translation: Translation) -> None:
        self._translation = translation
        self._make = translation.make
        self._tokens = translation.make.tokens
        self._spans = translation.tracker.spans

    def __call__(self, event: Any) -> tuple[Sequence[ev.Event], list[ev.Event]]:
        """What happened alongside it and comes first, and what was made of it."""
        kind, span = event["event"], self._spans.get(event["run_id"])
        if span is None or kind == "on_custom_event":
            return (), []  # the tracker has it
        if kind == "on_chat_model_stream" or kind == "on_llm_stream":
            return (), self._tokens(span, event["data"]["chunk"])
        return list(self._beside(kind, span)), list(self._other(kind, span, event))

    def _beside(self, kind: str, span: Span) -> Iterator[ev.Event]:
        if kind.endswith("_start"):
            yield from self._translation.unsaid_before(span.began)
        elif kind.endswith(("_end", "_error", "_interrupt")):
            yield from self._translation.unsaid_before(span.ended or 0.0)
        if kind == "on_tool_error":
            yield from self._translation.close_inside(span)

    def _other(self, kind: str, span: Span, event: Any) -> Iterator[ev.Event]:
        match kind:
            case "on_chat_model_start" | "on_llm_start":
                yield self._make.llm_started(span)
            case "on_tool_start":
                yield self._make.tool_started(span)
            case "on_chat_model_end" | "on_llm_end" | "on_tool_end" | "on_tool_error":
                yield from self._ended(span)
            case _:
                yield from self._node(kind, span, event)

    def _ended(self, span: Span) -> Iterator[ev.Event]:
        if span.closed:
            return
        if span.kind == "tool":
            yield self._make.tool_finished(span)
        else:
            yield from self._make.llm_ended(span)

    def _node(self, kind: str, span: Span, event: Any) -> Iterator[ev.Event]:
        _, what, phase = kind.split("_", 2)
        if span is self._translation.tracker.root and phase == "stream":
            yield from self._translation.chunks.read(event["data"].get("chunk"))
            return
        content = event["data"].get(_CONTENT.get(phase, ""))
        yield self._make.node(span, what, cast("ev.Phase", phase), content)
        if span.is_node and phase == "end" and not span.closed:
            yield from self._translation.agent.node_ended(span)
