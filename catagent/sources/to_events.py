"""Our events, made from a span and what LangChain says of it: llm.*, tool.*, node."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast, get_args

from msgspec import UNSET

from catagent.events import types as ev
from catagent.failures.classify import error_info
from catagent.sources.aside import is_mere_text, mere_reasoning
from catagent.sources.blocks import Piece
from catagent.sources.content import Reading, joined, names, pieces_of
from catagent.sources.invocation import parameters_of
from catagent.sources.kinds import is_message, is_tool_message
from catagent.sources.message_checks import finish_reason_of
from catagent.sources.messages import model_of, output_text, tool_calls_of, tool_content, usage_of
from catagent.sources.nodes import bubbles_up
from catagent.sources.plain import plain
from catagent.sources.prompts import Known
from catagent.sources.span import Span
from catagent.sources.tracker import Tracker

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_CHANNELS: dict[str, ev.Channel] = {"text": "text", "reasoning": "reasoning"}


def envelope(span: Span | None) -> dict[str, Any]:
    """What every event of this span carries; nothing for none."""
    if span is None:
        return {}
    return {
        "run_id": span.run_id,
        "parent_ids": span.parent_ids,
        "name": span.name,
        "tags": span.tags,
        "tool_call_id": span.tool_call_id,
        "call": span.key,
    }


class EventMaker:
    """Makes the events of one run; `known` says what stands in them as a whole already."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.known = Known(tracker.forms)

    # Models

    def llm_started(self, span: Span) -> ev.LlmStarted:
        """A model call began."""
        span.opened = True
        data = ev.LlmStartedData(model=span.model, run_type=span.kind)
        data.agent = self.tracker.agent_of(span) or UNSET
        given, messages, span.sent, span.parameters = span.parameters, span.sent, [], {}
        data.messages = self.known.messages(messages)
        data.tools = self.known.tools(given.get("tools") or given.get("functions") or [])
        data.parameters = parameters_of(given)
        return ev.LlmStarted(data=data, **envelope(span))

    def llm_ended(self, span: Span) -> Iterator[ev.LlmToken | ev.LlmFinished]:
        """What is left of a model's stream, and that its call ended, well or not."""
        span.closed = True
        if span.reading is not None:
            yield from _piece_tokens(span, span.reading.end())
        yield self._finished(span)

    def _finished(self, span: Span) -> ev.LlmFinished:
        data = ev.LlmFinishedData(model=span.model, text="", error=self._error(span))
        data.duration_s = self.duration(span)
        if span.first_token is not None:
            data.ttft_s = round(span.first_token - span.began, 6)
        if span.message is not None:
            self._fill_in(data, span, span.message)
        else:
            _say(data, _so_far(span))
        span.said, span.reading = [], None
        return ev.LlmFinished(data=data, **envelope(span))

    def _fill_in(self, data: ev.LlmFinishedData, span: Span, message: BaseMessage) -> None:
        data.model = model_of(message) or span.model
        _say(data, pieces_of(message))
        data.message, data.tool_calls = self.known.whole(message), tool_calls_of(message)
        for written, call in zip(data.tool_calls, span.written, strict=False):
            written.call = call.key
        data.usage, data.finish_reason = usage_of(message), finish_reason_of(message)

    def tokens(self, span: Span, chunk: Any) -> list[ev.Event]:
        """What one streamed chunk adds, channel by channel; nothing for an empty one."""
        found: list[ev.Event] = list(_piece_tokens(span, _read(span, chunk)))
        if getattr(chunk, "tool_call_chunks", None):
            found += self._argument_tokens(span, chunk.tool_call_chunks)
        if span.first_token is None and (found or _is_within_block(span)):
            span.first_token = self.tracker.clock()
        return found

    def _argument_tokens(self, span: Span, pieces: list[dict[str, Any]]) -> Iterator[ev.LlmToken]:
        for piece in pieces:
            data = ev.LlmTokenData(channel="tool_args", delta=piece["args"] or "")
            index = piece["index"]
            # Without an index every piece is a whole call.
            key = object() if index is None else index
            is_first = key not in span.numbers
            order = span.numbers.setdefault(key, len(span.numbers))
            data.index = index if isinstance(index, int) else order
            if is_first:
                call = self.tracker.calls.written(span, order, piece["name"] or "", piece["id"])
                data.call = call.key
            if piece["name"]:
                data.tool = span.names[order] = span.names.get(order, "") + piece["name"]
            if piece["id"]:
                data.call_id = piece["id"]
            yield ev.LlmToken(data=data, **envelope(span))

    # Tools

    def tool_started(self, span: Span) -> ev.ToolStarted:
        """A tool began to run."""
        _report(span)
        data = ev.ToolStartedData(tool=span.name, tool_input=plain(span.tool_input))
        data.tool_call_id = span.call_id
        return ev.ToolStarted(data=data, **envelope(span))

    def tool_finished(self, span: Span) -> ev.ToolFinished:
        """A tool ended, well or not, as its span has it."""
        span.closed = True
        _report(span)
        error = self._error(span)
        status = _status(span, error)
        data = ev.ToolFinishedData(tool=span.name, status=status, output="", error=error)
        data.tool_call_id, data.duration_s = span.call_id, self.duration(span)
        if span.error is None:
            data.output, data.content = output_text(span.output), tool_content(span.output)
        return ev.ToolFinished(data=data, **envelope(span))

    def node(self, span: Span, kind: str, phase: ev.Phase, content: Any) -> ev.Node:
        """Anything else that a run did; `kind` is LangChain's own word for what runs."""
        known = cast("ev.NodeKind", kind if kind in get_args(ev.NodeKind) else "other")
        is_state = phase == "start" and span.begins_with_state
        content = None if is_state else self.known.data(content, quiet=True)
        data = ev.NodeData(kind=known, phase=phase, content=content)
        return ev.Node(data=data, **envelope(span))

    def duration(self, span: Span) -> float:
        """Seconds that a run took, or has taken so far."""
        return round((span.ended or self.tracker.clock()) - span.began, 6)

    def _error(self, span: Span) -> ev.ErrorInfo | None:
        error = span.error
        if error is None or bubbles_up(error):
            return None
        if isinstance(error, asyncio.CancelledError):
            # Were the run itself cancelled, this would not be asked.
            message = "Cancelled: its agent stopped waiting for it."
            return ev.ErrorInfo(kind="agent", type="Cancelled", message=message)
        if isinstance(error, GeneratorExit):
            return ev.ErrorInfo(kind="agent", type="Stopped", message="Its reader stopped reading.")
        return error_info(error, self.tracker.owner_of(error))


def _status(span: Span, error: ev.ErrorInfo | None) -> ev.ToolStatus:
    if error is not None:
        return "error"
    if span.error is not None:
        return "interrupted"
    refused = is_tool_message(span.output) and span.output.status == "error"
    return "error" if refused else "success"


def _report(span: Span) -> None:
    span.opened = True
    if span.call is not None:
        span.call.reported = True


def _is_within_block(span: Span) -> bool:
    return span.reading is not None and bool(span.reading.held)


def _read(span: Span, chunk: Any) -> Iterable[Piece]:
    """The pieces of a chunk: mere text, that of a text-completion model, or a message's."""
    if not is_message(chunk):
        text = chunk if type(chunk) is str else getattr(chunk, "text", "")
        return [Piece("text", text)] if text else []
    content: Any = chunk.content
    if type(content) is str and not _is_within_block(span):  # as in nearly every chunk
        if is_mere_text(chunk):
            return [Piece("text", content)] if content else []
        if not content and (thought := mere_reasoning(chunk)):
            return [Piece("reasoning", thought)]
    span.reading = span.reading or Reading()
    return span.reading.add(chunk)


def _piece_tokens(span: Span, pieces: Iterable[Piece]) -> Iterator[ev.LlmToken]:
    for piece in pieces:
        span.said.append(piece)
        data = ev.LlmTokenData(channel=_CHANNELS.get(piece.kind, "block"), delta=piece.text)
        yield ev.LlmToken(data=data, **envelope(span))


def _say(data: ev.LlmFinishedData, pieces: list[Piece]) -> None:
    data.text, data.reasoning = joined(pieces), joined(pieces, "reasoning")
    data.named_blocks = names(pieces)


def _so_far(span: Span) -> list[Piece]:
    """What a model without a message wrote: as it was streamed, or as LangChain kept it."""
    if span.said or span.output is None:
        return span.said
    part = span.output
    return pieces_of(part) if is_message(part) else [Piece("text", output_text(part))]
