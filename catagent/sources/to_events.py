"""Our events, made from a span and what LangChain says of it: llm.*, tool.*, node."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any, cast, get_args

from langchain_core.messages import BaseMessage, ToolMessage

from catagent.events import types as ev
from catagent.failures.report import error_info
from catagent.sources.messages import (
    block_pieces,
    finish_reason_of,
    message_of,
    output_text,
    reasoning_of,
    text_of,
    tool_calls_of,
    usage_of,
)
from catagent.sources.plain import plain
from catagent.sources.span import LLM_KINDS, Span
from catagent.sources.tracker import Tracker


def envelope(span: Span) -> dict[str, Any]:
    """What every event of this span carries."""
    return {
        "run_id": span.run_id,
        "parent_ids": span.parent_ids,
        "name": span.name,
        "tags": span.tags,
        "tool_call_id": span.tool_call_id,
    }


def llm_started(span: Span) -> ev.LlmStarted:
    """A model call began."""
    return ev.LlmStarted(
        data=ev.LlmStartedData(model=span.model, run_type=span.kind), **envelope(span)
    )


def tokens(span: Span, chunk: Any) -> list[ev.Event]:
    """What one streamed chunk adds, channel by channel; nothing for an empty one."""
    content = chunk if type(chunk) is str else getattr(chunk, "content", None)
    found: list[ev.Event] = []
    if type(content) is str:
        if content:
            span.text.append(content)
            found.append(_token(span, ev.LlmTokenData(channel="text", delta=content)))
    else:
        found += _block_tokens(span, content, getattr(chunk, "text", ""))
    if getattr(chunk, "additional_kwargs", None):
        found[:0] = _reasoning_tokens(span, chunk.additional_kwargs.get("reasoning_content"))
    if getattr(chunk, "tool_call_chunks", None):
        found += _argument_tokens(span, chunk.tool_call_chunks)
    if found and span.first_token is None:
        span.first_token = time.monotonic()
    return found


def _block_tokens(span: Span, content: Any, text: str) -> Iterator[ev.LlmToken]:
    """Content blocks, or the text of a chunk that has no content (a text-completion model's)."""
    for channel, piece in block_pieces([text] if content is None else content):
        if piece:
            (span.text if channel == "text" else span.reasoning).append(piece)
            yield _token(span, ev.LlmTokenData(channel=channel, delta=piece))


def _reasoning_tokens(span: Span, piece: Any) -> Iterator[ev.LlmToken]:
    if isinstance(piece, str) and piece:
        span.reasoning.append(piece)
        yield _token(span, ev.LlmTokenData(channel="reasoning", delta=piece))


def _argument_tokens(span: Span, pieces: list[dict[str, Any]]) -> Iterator[ev.LlmToken]:
    for piece in pieces:
        data = ev.LlmTokenData(channel="tool_args", delta=piece["args"] or "")
        data.index = _number(span, piece["index"])
        if piece["name"]:
            data.tool = piece["name"]
        if piece["id"]:
            data.call_id = piece["id"]
        yield _token(span, data)


def _number(span: Span, index: Any) -> int:
    """Which of the message's calls this is. Without an index every piece is a whole call."""
    if isinstance(index, int):
        return index
    key = object() if index is None else index
    return span.numbers.setdefault(key, len(span.numbers))


def _token(span: Span, data: ev.LlmTokenData) -> ev.LlmToken:
    # Once a token: keywords spelled out are a third of the cost of a dict unpacked.
    return ev.LlmToken(
        run_id=span.run_id,
        parent_ids=span.parent_ids,
        name=span.name,
        tags=span.tags,
        tool_call_id=span.tool_call_id,
        data=data,
    )


def llm_finished(span: Span) -> ev.LlmFinished:
    """A model call ended, well or not, as its span has it."""
    span.closed = True
    data = ev.LlmFinishedData(model=span.model, text="", error=_error(span))
    data.duration_s, data.ttft_s = _duration(span), _seconds(span.began, span.first_token)
    if span.message is not None:
        _fill_in(data, span.message)
    else:
        data.text, data.reasoning = _so_far(span)
    span.text, span.reasoning = [], []
    return ev.LlmFinished(data=data, **envelope(span))


def _so_far(span: Span) -> tuple[str, str]:
    """Text and reasoning of a model without a message: as streamed, or as LangChain kept them."""
    text, reasoning = "".join(span.text), "".join(span.reasoning)
    if text or reasoning or span.output is None:
        return text, reasoning
    part = span.output
    return output_text(part), reasoning_of(part) if isinstance(part, BaseMessage) else ""


def _fill_in(data: ev.LlmFinishedData, message: BaseMessage) -> None:
    data.text, data.reasoning = text_of(message.content), reasoning_of(message)
    data.message, data.tool_calls = message_of(message), tool_calls_of(message)
    data.usage, data.finish_reason = usage_of(message), finish_reason_of(message)


def tool_started(span: Span) -> ev.ToolStarted:
    """A tool began to run."""
    data = ev.ToolStartedData(
        tool=span.name, tool_input=plain(span.tool_input), tool_call_id=span.call_id
    )
    return ev.ToolStarted(data=data, **envelope(span))


def tool_finished(span: Span) -> ev.ToolFinished:
    """A tool ended, well or not, as its span has it."""
    span.closed = True
    output, error = span.output, _error(span)
    refused = isinstance(output, ToolMessage) and output.status == "error"
    data = ev.ToolFinishedData(
        tool=span.name,
        status="error" if error is not None or refused else "success",
        output="" if error is not None else output_text(output),
        tool_call_id=span.call_id,
        duration_s=_duration(span),
        error=error,
    )
    return ev.ToolFinished(data=data, **envelope(span))


def node(span: Span, kind: str, phase: ev.Phase, content: Any) -> ev.Node:
    """Anything else that a run did; `kind` is LangChain's own word for what runs."""
    known = cast("ev.NodeKind", kind if kind in get_args(ev.NodeKind) else "other")
    data = ev.NodeData(kind=known, phase=phase, content=plain(content))
    return ev.Node(data=data, **envelope(span))


def warnings(tracker: Tracker) -> Iterator[ev.Event]:
    """The warnings since the last time."""
    while tracker.warnings:
        yield ev.Warned(data=tracker.warnings.popleft())


def close_inside(tracker: Tracker, tool: Span) -> Iterator[ev.Event]:
    """The finished events of models inside a tool that failed before they ended."""
    for span in tracker.llms:
        if not span.closed and tool.run_id in span.parent_ids:
            span.error = span.error or tool.error
            yield llm_finished(span)


def loose_ends(tracker: Tracker) -> Iterator[ev.Event]:
    """What ended since the last time and was not reported: models, tools that failed, warnings."""
    yield from warnings(tracker)
    while tracker.ended:
        yield from _loose_end(tracker.ended.popleft())


def failed_before(tracker: Tracker, began: float) -> Iterator[ev.Event]:
    """The models that failed before this moment, for an API that is silent on failures.

    LangChain queues what it reports: what it said of a run that ended earlier has been read once
    a run that began later is read of.
    """
    ended = tracker.ended
    while ended and (ended[0].closed or (ended[0].error and (ended[0].ended or 0) <= began)):
        yield from _loose_end(ended.popleft())


def _loose_end(span: Span) -> Iterator[ev.Event]:
    if span.closed:
        return
    if span.kind in LLM_KINDS:
        yield llm_finished(span)
    elif span.kind == "tool" and span.error is not None:
        yield tool_finished(span)


def _error(span: Span) -> ev.ErrorInfo | None:
    if span.error is None:
        return None
    if isinstance(span.error, asyncio.CancelledError):
        # Were the run itself cancelled, this would not be asked: something alongside it failed.
        return ev.ErrorInfo(kind="agent", type="Cancelled", message="Stopped by another failure.")
    if isinstance(span.error, GeneratorExit):
        return ev.ErrorInfo(kind="agent", type="Stopped", message="Its reader stopped reading.")
    return error_info(span.error, span.owner)


def _duration(span: Span) -> float:
    return round((span.ended or time.monotonic()) - span.began, 6)


def _seconds(start: float, end: float | None) -> float | None:
    return None if end is None else round(end - start, 6)
