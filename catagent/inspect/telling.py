"""What each event says of the part of a run that it is about, by section, not yet cleaned."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.prompts import Prompts
from catagent.events.said import in_order
from catagent.inspect.tree import is_step
from catagent.views.data import indented
from catagent.views.format import called, compact, count, dollars, fields, seconds, used
from catagent.views.graph import answers, artifacts, questions
from catagent.views.notes import where
from catagent.views.prompt import said
from catagent.views.style import Look, Style

Title = Literal["error", "sent", "came", "changed", "state", "raw"]
_PHASES: dict[ev.Phase, Title] = {"start": "sent", "end": "came"}
Told = tuple[Title, Style, str]


def tell(look: Look, event: ev.Event, known: Prompts, key: str | None) -> Iterator[Told]:
    """Texts for sections; `known` has taken the events up to this one, `key` is the span's own."""
    match event:
        case ev.RunStarted(data=data):
            yield from _run(look, data)
        case ev.LlmStarted() | ev.LlmFinished():
            yield from _model(look, event.data, known, key)
        case ev.Action() | ev.ToolStarted():
            yield "sent", "plain", "\n".join(fields(event.data.tool_input))
        case ev.ToolFinished() | ev.Observation():
            yield from _observed(event.data)
        case ev.Node() | ev.Update():
            yield from _ran(look, event, known)
        case ev.RunFinished(data=data):
            yield from _ended(look, data, known)
        case _:
            yield from _noted(look, event)


def whole(look: Look, value: Any) -> str:
    """Data of a state: messages as they are said, all else as JSON, indented; by key, if by any."""
    if text := _said(look, value):
        return text
    if isinstance(value, dict):
        return "\n".join(
            f"{key}: {whole(look, each)}".replace(": \n", ":\n", 1) for key, each in value.items()
        )
    if isinstance(value, list) and any(texts := [_said(look, each) for each in value]):
        lines = [text or compact(each) for text, each in zip(texts, value, strict=True)]
        return "".join("\n  " + line.replace("\n", "\n    ") for line in lines)
    return _json(value)


def _said(look: Look, value: Any) -> str:
    """A message with its type in front; empty for what is none."""
    with suppress(msgspec.ValidationError):
        message = msgspec.convert(value, ev.Message)
        return f"{message.type}: {said(message, look.glyphs.call)}"
    return ""


def _json(value: Any) -> str:
    """Data as indented JSON, text as it is."""
    return indented(text := compact(value)) or text


def _run(look: Look, data: ev.RunStartedData) -> Iterator[Told]:
    yield "sent", "question", "\n".join(fields(data.input) if data.input is not None else [])
    known = [data.agent, data.model, data.mode, data.thread_id and f"thread {data.thread_id}"]
    yield "sent", "dim", look.glyphs.dot.join(filter(None, known))
    if data.resumes is not UNSET:
        yield "sent", "busy", f"answers run {data.resumes}: {compact(data.answers or {})}"


def _model(
    look: Look, data: ev.LlmStartedData | ev.LlmFinishedData, known: Prompts, key: str | None
) -> Iterator[Told]:
    if isinstance(data, ev.LlmStartedData):
        yield from chain.from_iterable(_message(look, each) for each in known.messages(data))
        yield from chain.from_iterable(map(_tool, known.tools(data)))
        for name, value in data.parameters.items():
            yield "sent", "dim", f"{name}: {compact(value)}"
    elif key is None:
        yield from _wrote(look, data)
    else:  # a call that was written, of which nothing else has been said
        for call in data.tool_calls:
            if call.call == key:
                yield "sent", "plain", "\n".join(fields(call.args))
                yield "error", "bad", call.error or ""


def _message(look: Look, message: ev.Message | ev.Ref) -> Iterator[Told]:
    if isinstance(message, ev.Ref):
        yield "sent", "dim", f"{count(message.count, 'message')} up to {message.ref}, not here"
    else:
        yield "sent", "agent", f"{message.type} {message.name or ''}".rstrip()
        yield "sent", "plain", said(message, look.glyphs.call)


def _tool(tool: ev.Tool | ev.Ref) -> Iterator[Told]:
    yield "sent", "tool", f"may call {tool.ref if isinstance(tool, ev.Ref) else tool.name}"
    if isinstance(tool, ev.Tool):
        yield "sent", "plain", "\n".join([tool.description, compact(tool.parameters)])


def _wrote(look: Look, data: ev.LlmFinishedData) -> Iterator[Told]:
    if data.reasoning:
        yield "came", "reasoning", data.reasoning
    for channel, text in in_order(data):
        if text:
            yield "came", "plain" if channel == "text" else "dim", text
    for call in data.tool_calls:
        yield "came", "tool", look.glyphs.call + called(call.name, call.args)
        if call.error:
            yield "error", "bad", call.error
    first = f"first token after {seconds(data.ttft_s)}" if data.ttft_s is not None else ""
    facts = [data.model, used(data.usage, details=True), first, data.finish_reason]
    yield "came", "dim", look.glyphs.dot.join(filter(None, facts))
    yield from _failed(data.error)


def _observed(data: ev.ToolFinishedData | ev.ObservationData) -> Iterator[Told]:
    yield "came", "bad" if data.status == "error" else "observation", _json(data.output)
    if isinstance(data, ev.ObservationData):
        for artifact in artifacts(data):
            yield "came", "dim", f"artifact {_json(artifact)}"
    else:
        yield from _failed(data.error)


def _ran(look: Look, event: ev.Node | ev.Update, known: Prompts) -> Iterator[Told]:
    if isinstance(event, ev.Update):
        yield "changed", "plain", whole(look, known.whole(event.data.changes))
        return
    data, text = event.data, whole(look, known.whole(event.data.content))
    is_node = any(map(is_step, event.tags)) and data.phase == "start"
    if data.content is not None and data.kind == "custom":
        yield "came", "dim", f"{event.name}: {text}"
    elif data.phase == "error":
        yield "error", "bad", text
    elif data.content is not None and (is_node or data.kind == "retriever"):
        yield _PHASES.get(data.phase, "came"), "plain", text


def _ended(look: Look, data: ev.RunFinishedData, known: Prompts) -> Iterator[Told]:
    facts = [data.status, used(data.usage, details=True), dollars(data), seconds(data.duration_s)]
    yield "came", "answer", data.output or ""
    yield "came", "dim", look.glyphs.dot.join(filter(None, facts))
    if data.state is not None:
        yield "state", "plain", whole(look, known.whole(data.state))
    yield from _failed(data.error)


def _failed(error: ev.ErrorInfo | None) -> Iterator[Told]:
    for each in [error, *error.others] if error else []:
        kind = "" if f"{each.type}: " in each.message else f"{each.type}: "
        yield "error", "bad", kind + each.message
        yield "error", "dim", "\n".join(where(each))
        yield "error", "question", f"hint: {each.hint}" if each.hint else ""


def _noted(look: Look, event: ev.Event) -> Iterator[Told]:
    match event:
        case ev.Retry(data=data):
            number = f"retry {data.attempt} of {data.max_attempts} in {data.delay_s:g} s"
            yield "came", "warn", f"{number}: {data.reason}"
        case ev.Warned(data=data):
            yield "came", "warn", "\n".join(filter(None, [data.message, data.hint]))
        case ev.Interrupt(data=data):
            yield "came", "question", "\n".join(chain(questions(data), answers(data)))
        case ev.Unknown(type=kind, fields=found):
            yield "came", "dim", f"{kind}: {_json(found)}"
