"""One run of LangChain's in the making of our events, and what its API leaves unsaid.

Every streaming API is silent on something: failures, models in `steps`, what a graph waits for. The
tracker knows that it happened; here it becomes events, before what happened after it.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Any, cast

from catagent.events import types as ev
from catagent.sources.agent_events import AgentEvents
from catagent.sources.base import AgentRun
from catagent.sources.chunks import ChunkReader
from catagent.sources.span import LLM_KINDS, Span
from catagent.sources.to_events import envelope
from catagent.sources.tracker import Happening, Tracker


class Translation:
    """All that a mode needs to turn what its API says into events."""

    def __init__(self, run: AgentRun, tracker: Tracker) -> None:
        self.tracker = tracker
        self.make = AgentEvents(tracker)
        self.chunks = ChunkReader(run, tracker, self.make)

    def unsaid(self) -> Iterator[ev.Event]:
        """All that happened and has not been reported."""
        happened = self.tracker.happened
        while happened:
            yield from self._event(happened.popleft())

    def unsaid_with(self, nodes: Container[str]) -> tuple[list[ev.Event], list[ev.Event]]:
        """What happened up to the end of one of these nodes, and what that node did.

        All that happened, and nothing, where none of them has ended.
        """
        happened, before = self.tracker.happened, list[ev.Event]()
        while happened:
            first = happened.popleft()
            made = list(self._event(first))
            if first.what == "end" and first.span.is_node and first.span.node in nodes:
                return before, made
            before += made
        return before, []

    def unsaid_before(self, moment: float) -> Iterator[ev.Event]:
        """What happened before this moment and will not be said by an API that reports successes.

        LangChain queues what it reports: what it said of a run that ended earlier has been read
        once a run that began later is read of.
        """
        happened = self.tracker.happened
        while happened and _is_due(happened[0], moment):
            yield from self._event(happened.popleft())

    def close_inside(self, tool: Span) -> Iterator[ev.Event]:
        """The finished events of models inside a tool that failed before they ended."""
        for span in self.tracker.llms:
            if not span.closed and tool.run_id in span.parent_ids:
                span.error = span.error or tool.error
                yield from self.make.llm_ended(span)

    def _event(self, happened: Happening) -> Iterator[ev.Event]:
        span = happened.span
        match happened.what:
            case "warning":
                yield ev.Warned(data=happened.about, **envelope(span))
            case "interrupt":
                yield self.make.interrupt(span, happened.about)
            case "action":
                yield from self.chunks.decided(span, happened.about)
            case "observation":
                yield self.chunks.observed(span, happened.about)
            case "start" if not span.opened:
                yield self.make.llm_started(span)
            # An API that reports successes reports those of tools.
            case "end" if span.kind != "tool" or span.error is not None:
                yield from self.end(span)

    def end(self, span: Span) -> Iterator[ev.Event]:
        """The end of a model, a tool or a node, well or not; nothing if that was said."""
        if span.closed:
            return
        if span.kind in LLM_KINDS:
            yield from self.make.llm_ended(span)
        elif span.kind == "tool":
            yield self.make.tool_finished(span)
        else:
            yield from self.make.node_ended(span)


def _is_due(happened: Happening, moment: float) -> bool:
    span = happened.span
    match happened.what:
        case "start":
            return span.opened
        case "interrupt":
            return (span.ended or 0.0) <= moment
        case "end" | "observation":
            return span.closed or (span.error is not None and (span.ended or 0.0) <= moment)
    return True


_CONTENT = {"start": "input", "stream": "chunk", "end": "output"}


class EventReader:
    """StreamEvent -> our events, none for what says nothing new."""

    def __init__(self, translation: Translation) -> None:
        self._translation = translation
        self._make = translation.make
        self._spans = translation.tracker.spans

    def __call__(self, event: Any) -> tuple[Sequence[ev.Event], list[ev.Event]]:
        """What happened alongside it and comes first, and what was made of it."""
        what, _, phase = event["event"].removeprefix("on_").rpartition("_")
        span = self._spans.get(event["run_id"])
        if span is None or what == "custom":
            return (), []  # the tracker has it
        if phase == "stream" and span.kind in LLM_KINDS:
            return (), self._make.tokens(span, event["data"]["chunk"])
        return list(self._beside(span, phase)), list(self._made(span, what, phase, event["data"]))

    def _beside(self, span: Span, phase: str) -> Iterator[ev.Event]:
        if phase != "stream":
            moment = span.began if phase == "start" else span.ended
            yield from self._translation.unsaid_before(moment or 0.0)
        if span.kind == "tool" and phase == "error":
            yield from self._translation.close_inside(span)

    def _made(self, span: Span, what: str, phase: str, data: dict[str, Any]) -> Iterator[ev.Event]:
        match span.kind, phase:
            case "chat_model" | "llm", "start":
                yield self._make.llm_started(span)
            case "tool", "start":
                yield self._make.tool_started(span)
            case "chat_model" | "llm" | "tool", "end" | "error":
                yield from self._translation.end(span)
            case _, "stream" if span is self._translation.tracker.root:
                yield from self._translation.chunks.read(data.get("chunk"))
            case _:
                content = data.get(_CONTENT.get(phase, ""))
                yield self._make.node(span, what, cast("ev.Phase", phase), content)
                if span.is_node and phase == "end":
                    yield from self._translation.end(span)
