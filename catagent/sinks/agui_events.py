"""Our events in the words of the AG-UI protocol (1.0), for a web front end.

What happens inside a tool call is attributed to it the protocol's way: as the work of a subagent
whose `parentToolCallId` is the call. What the protocol has no word for becomes CUSTOM.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import msgspec

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.events.timestamps import epoch

AguiEvent = dict[str, Any]
_Key = tuple[str, str]


class Translator:
    """Turns the events of one run into AG-UI's. Whatever it opened is closed before the end."""

    def __init__(self) -> None:
        self._ids: AguiEvent = {"threadId": "", "runId": ""}
        self._open: dict[_Key, AguiEvent] = {}
        self._tools: dict[str, str] = {}
        self._runs: dict[str, str] = {}
        self._outer: dict[str, str] = {}
        self._calls: dict[tuple[str, int], str] = {}
        self._shown: set[str] = set()
        self._said = ""

    def translate(self, event: ev.Event) -> Iterator[AguiEvent]:
        """Yield what the event is in AG-UI: nothing, one event or several."""
        extra: AguiEvent = {}
        if (seconds := epoch(event.ts)) is not None:
            extra["timestamp"] = round(seconds * 1000)
        if not isinstance(event, ev.Unknown) and event.raw is not msgspec.UNSET:
            extra["rawEvent"] = event.raw
        for translated in self._translate(event):
            yield translated | extra

    def _translate(self, event: ev.Event) -> Iterator[AguiEvent]:
        match event:
            case ev.LlmToken():
                return self._token(event)
            case ev.LlmFinished():
                return self._message_end(event)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                return self._tool(event)
            case ev.RunStarted() | ev.Answer() | ev.RunFinished():
                return self._run(event)
            case ev.LlmStarted():
                return iter(())
            case ev.Unknown():
                return iter([_custom(event.type, event.fields.get("data"))])
            case _:
                return iter([_custom(ev.type_of(event), event.data)])

    def _run(self, event: ev.RunStarted | ev.Answer | ev.RunFinished) -> Iterator[AguiEvent]:
        match event:
            case ev.RunStarted(data=data, run_id=run_id):
                self._ids = {"threadId": data.thread_id or run_id, "runId": run_id}
                yield {"type": "RUN_STARTED", **self._ids}
                yield _custom(ev.type_of(event), data)
            case ev.Answer(data=data):
                yield from self._answer(event.run_id, data)
            case ev.RunFinished(data=data):
                yield from reversed(self._open.values())
                self._open.clear()
                yield self._outcome(data)

    def _answer(self, run_id: str, data: ev.AnswerData) -> Iterator[AguiEvent]:
        """An answer that no model has just said is a message of its own."""
        if data.output.strip() != self._said.strip():
            yield from self._text({"messageId": f"{run_id}:answer"}, data.output)
            yield from self._end(("text", f"{run_id}:answer"))

    def _outcome(self, data: ev.RunFinishedData) -> AguiEvent:
        usage = [_usage(model) for model in data.models]
        if data.status in ("error", "limit"):
            error = data.error or ev.ErrorInfo(kind="agent", type=data.status, message=data.status)
            return {
                "type": "RUN_ERROR",
                "message": error.message,
                "code": error.type,
                "usage": usage,
            }
        outcome = {"type": "cancelled" if data.status == "cancelled" else "success"}
        result = {"result": data.output, "outcome": outcome, "usage": usage}
        return {"type": "RUN_FINISHED", **self._ids, **result}

    def _token(self, event: ev.LlmToken) -> Iterator[AguiEvent]:
        inside = yield from self._subagent(event.tool_call_id)
        match event.data.channel:
            case "text":
                yield from self._text({"messageId": event.run_id, **inside}, event.data.delta)
            case "reasoning":
                yield from self._reasoning(event, inside)
            case "tool_args":
                yield from self._tool_args(event, inside)

    def _reasoning(self, event: ev.LlmToken, inside: AguiEvent) -> Iterator[AguiEvent]:
        message = {"messageId": f"{event.run_id}:reasoning", **inside}
        for what in ("REASONING", "REASONING_MESSAGE"):
            role = {"role": "reasoning"} if what == "REASONING_MESSAGE" else {}
            start = {"type": f"{what}_START", **message, **role}
            end = {"type": f"{what}_END", **message}
            yield from self._begin((what, event.run_id), start, end)
        yield {"type": "REASONING_MESSAGE_CONTENT", **message, "delta": event.data.delta}

    def _tool_args(self, event: ev.LlmToken, inside: AguiEvent) -> Iterator[AguiEvent]:
        data = event.data
        place = (event.run_id, data.index if isinstance(data.index, int) else 0)
        if isinstance(data.call_id, str):
            self._calls[place] = data.call_id
        call_id = self._calls.get(place)
        if call_id is None:
            return  # without an id it belongs to nothing: the action will say
        tool = data.tool if isinstance(data.tool, str) else ""
        yield from self._call_start(call_id, tool, event.run_id, inside)
        yield {"type": "TOOL_CALL_ARGS", "toolCallId": call_id, "delta": data.delta, **inside}

    def _call_start(
        self, call_id: str, tool: str, message_id: str, inside: AguiEvent
    ) -> Iterator[AguiEvent]:
        self._shown.add(call_id)
        call = {"toolCallId": call_id, **inside}
        names = {"toolCallName": tool, "parentMessageId": message_id}
        start = {"type": "TOOL_CALL_START", **call, **names}
        yield from self._begin(("call", call_id), start, {"type": "TOOL_CALL_END", **call})

    def _message_end(self, event: ev.LlmFinished) -> Iterator[AguiEvent]:
        if event.data.text and ("text", event.run_id) not in self._open:
            yield from self._whole_message(event)
        if event.tool_call_id is None and event.data.text:
            self._said = event.data.text
        for what in ("REASONING_MESSAGE", "REASONING", "text"):
            yield from self._end((what, event.run_id))
        for place in [place for place in self._calls if place[0] == event.run_id]:
            yield from self._end(("call", self._calls.pop(place)))

    def _whole_message(self, event: ev.LlmFinished) -> Iterator[AguiEvent]:
        """A mode without tokens reports what a model wrote once it has written it."""
        inside = yield from self._subagent(event.tool_call_id)
        yield from self._text({"messageId": event.run_id, **inside}, event.data.text)

    def _text(self, message: AguiEvent, delta: str) -> Iterator[AguiEvent]:
        key = ("text", message["messageId"])
        start = {"type": "TEXT_MESSAGE_START", **message, "role": "assistant"}
        yield from self._begin(key, start, {"type": "TEXT_MESSAGE_END", **message})
        yield {"type": "TEXT_MESSAGE_CONTENT", **message, "delta": delta}

    def _tool(
        self, event: ev.Action | ev.ToolStarted | ev.ToolFinished | ev.Observation
    ) -> Iterator[AguiEvent]:
        call_id = event.data.tool_call_id or event.run_id
        self._tools[call_id] = event.data.tool
        step = {"stepName": f"{event.data.tool} {call_id}"}
        match event:
            case ev.Action():
                yield from self._action(event, call_id)
            case ev.ToolStarted():
                self._place(event, call_id)
                ended = {"type": "STEP_FINISHED", **step}
                yield from self._begin(("step", call_id), {"type": "STEP_STARTED", **step}, ended)
            case ev.ToolFinished(data=data):
                yield from self._subagent_end(call_id, data)
                yield from self._end(("step", call_id))
            case ev.Observation(data=data):
                self._shown.discard(call_id)
                yield from self._end(("subagent", call_id))
                result = {"messageId": f"{call_id}:result", "toolCallId": call_id}
                inside = yield from self._subagent(_outer(event))
                content = {"content": data.output, "role": "tool"}
                yield {"type": "TOOL_CALL_RESULT", **result, **content, **inside}

    def _action(self, event: ev.Action, call_id: str) -> Iterator[AguiEvent]:
        """The model's tokens have shown the call already, if the mode has tokens."""
        if call_id in self._shown:
            return
        inside = yield from self._subagent(_outer(event))
        yield from self._call_start(call_id, event.data.tool, event.run_id, inside)
        arguments = encode_plain(event.data.tool_input).decode().strip()
        yield {"type": "TOOL_CALL_ARGS", "toolCallId": call_id, "delta": arguments, **inside}
        yield from self._end(("call", call_id))

    def _place(self, event: ev.ToolStarted, call_id: str) -> None:
        """Remember which call this one is inside of."""
        outer = (self._runs[run] for run in reversed(event.parent_ids) if run in self._runs)
        self._outer[call_id] = next(outer, "")
        self._runs[event.run_id] = call_id

    def _subagent(self, call_id: str | None) -> Generator[AguiEvent, None, AguiEvent]:
        """Announce that something happens inside a tool call; return what attributes it."""
        if call_id is None:
            return {}
        unannounced: list[str] = []
        inner: str = call_id
        # A recording from anywhere may even say that two calls are inside of each other.
        while inner and inner not in unannounced and ("subagent", inner) not in self._open:
            unannounced.append(inner)
            inner = self._outer.get(inner, "")
        for each in reversed(unannounced):
            yield from self._announce(each)
        return {"subagentRunId": call_id}

    def _announce(self, call_id: str) -> Iterator[AguiEvent]:
        inside = {"subagentRunId": call_id}
        outer = self._outer.get(call_id)
        parent = {"parentSubagentRunId": outer} if outer else {}
        named = {"name": self._tools.get(call_id, ""), "parentToolCallId": call_id}
        start = {"type": "SUBAGENT_STARTED", **inside, **named, **parent}
        yield from self._begin(
            ("subagent", call_id), start, {"type": "SUBAGENT_FINISHED", **inside}
        )

    def _subagent_end(self, call_id: str, data: ev.ToolFinishedData) -> Iterator[AguiEvent]:
        if data.status == "error" and ("subagent", call_id) in self._open:
            message = data.error.message if data.error is not None else data.output
            failed = {"type": "SUBAGENT_ERROR", "subagentRunId": call_id, "message": message}
            self._open["subagent", call_id] = failed
        yield from self._end(("subagent", call_id))

    def _begin(self, key: _Key, start: AguiEvent, end: AguiEvent) -> Iterator[AguiEvent]:
        if key not in self._open:
            self._open[key] = end
            yield start

    def _end(self, key: _Key) -> Iterator[AguiEvent]:
        if key in self._open:
            yield self._open.pop(key)


def _outer(event: ev.Action | ev.Observation) -> str | None:
    """The call that a nested agent's own call happened inside."""
    return None if event.tool_call_id == event.data.tool_call_id else event.tool_call_id


def _custom(name: str, data: Any) -> AguiEvent:
    return {"type": "CUSTOM", "name": f"catagent.{name}", "value": data}


def _usage(used: ev.ModelUsage) -> AguiEvent:
    usage = used.usage or ev.Usage()
    return {
        "model": used.model,
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.total_tokens,
        "reasoningTokens": usage.reasoning_tokens,
        "cachedInputTokens": usage.cached_tokens,
    }
