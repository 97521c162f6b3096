"""Our events in the words of the AG-UI protocol (1.0), for a web front end.

What happens inside a tool call is attributed to it the protocol's way: as the work of a subagent
whose `parentToolCallId` is the call. What the protocol has no word for becomes CUSTOM.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator
from typing import Any

import msgspec

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.events.prompts import Prompts
from catagent.events.said import in_order, repeats
from catagent.events.timestamps import epoch
from catagent.events.types import DEEPEST_CALL
from catagent.sinks.agui_calls import Calls
from catagent.sinks.agui_ends import interrupt, outcome

AguiEvent = dict[str, Any]
_Key = tuple[str, str]


class Translator:
    """Turns the events of one run into AG-UI's. Whatever it opened is closed before the end."""

    def __init__(self) -> None:
        self._ids: AguiEvent = {"threadId": "", "runId": ""}
        self._open: dict[_Key, AguiEvent] = {}
        self._calls = Calls()
        self._written: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self._interrupts: dict[str, AguiEvent] = {}
        self._prompts = Prompts()
        self._said: tuple[str, list[str]] = ("", [])
        self._streamed: set[str] = set()

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
        if isinstance(event, ev.LlmToken):
            return self._token(event)
        self._prompts.take(event)
        match event:
            case ev.LlmFinished():
                return self._message_end(event)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                return self._tool(event)
            case ev.RunStarted() | ev.Answer() | ev.Interrupt() | ev.RunFinished():
                return self._run(event)
            case ev.LlmStarted():
                return iter(())
            case _:
                return self._other(event)

    def _other(
        self, event: ev.Update | ev.Node | ev.Retry | ev.Warned | ev.Unknown
    ) -> Iterator[AguiEvent]:
        """What the protocol has no word for, attributed to the call that it happened inside."""
        if isinstance(event, ev.Unknown):
            yield _custom(event.type, event.fields.get("data"))
            return
        inside = yield from self._subagent(event.call, event.tool_call_id)
        data: Any = event.data
        if isinstance(event, ev.Update):
            data = {"node": data.node, "changes": self._prompts.whole(data.changes)}
        elif isinstance(event, ev.Node):
            data = {"name": event.name, **msgspec.structs.asdict(data)}
        yield {**_custom(ev.type_of(event), data), **inside}

    def _run(
        self, event: ev.RunStarted | ev.Answer | ev.Interrupt | ev.RunFinished
    ) -> Iterator[AguiEvent]:
        match event:
            case ev.RunStarted(data=data, run_id=run_id):
                self._ids = {"threadId": data.thread_id or run_id, "runId": run_id}
                yield {"type": "RUN_STARTED", **self._ids}
                yield _custom(ev.type_of(event), data)
            case ev.Answer(data=data):
                yield from self._answer(event.run_id, data)
            case ev.Interrupt(data=data, call=key):
                call_id = self._calls.named(key, event.tool_call_id).id if key else None
                self._interrupts[data.id] = interrupt(data, call_id)
            case ev.RunFinished(data=data):
                yield from reversed(self._open.values())
                self._open.clear()
                if data.state is not None:
                    yield {"type": "STATE_SNAPSHOT", "snapshot": self._prompts.whole(data.state)}
                yield outcome(data, self._ids, list(self._interrupts.values()))

    def _answer(self, run_id: str, data: ev.AnswerData) -> Iterator[AguiEvent]:
        """An answer that no model has just said is a message of its own."""
        if not repeats(data.output, *self._said):
            yield from self._text({"messageId": f"{run_id}:answer"}, data.output)
            yield from self._end(("text", f"{run_id}:answer"))

    def _token(self, event: ev.LlmToken) -> Iterator[AguiEvent]:
        inside = yield from self._subagent(event.call, event.tool_call_id)
        self._streamed.add(event.run_id)
        if event.data.channel == "tool_args":
            yield from self._tool_args(event, inside)
        else:
            yield from self._piece(event.run_id, event.data.channel, event.data.delta, inside)

    def _piece(
        self, run_id: str, channel: ev.Channel, delta: str, inside: AguiEvent
    ) -> Iterator[AguiEvent]:
        match channel:
            case "text":
                yield from self._text({"messageId": run_id, **inside}, delta)
            case "reasoning":
                yield from self._reasoning(run_id, delta, inside)
            case _:  # a block that is not text, which the protocol has no word for
                data = {"messageId": run_id, "channel": channel, "delta": delta}
                yield {**_custom("llm.token", data), **inside}

    def _reasoning(self, run_id: str, delta: str, inside: AguiEvent) -> Iterator[AguiEvent]:
        message = {"messageId": f"{run_id}:reasoning", **inside}
        for what in ("REASONING", "REASONING_MESSAGE"):
            role = {"role": "reasoning"} if what == "REASONING_MESSAGE" else {}
            start = {"type": f"{what}_START", **message, **role}
            end = {"type": f"{what}_END", **message}
            yield from self._begin((what, run_id), start, end)
        yield {"type": "REASONING_MESSAGE_CONTENT", **message, "delta": delta}

    def _tool_args(self, event: ev.LlmToken, inside: AguiEvent) -> Iterator[AguiEvent]:
        data = event.data
        written, index = self._written[event.run_id], data.index
        place = index if isinstance(index, int) else 0
        if isinstance(data.call, str):
            yield from self._end(("call", written.get(place, "")))
            written[place] = data.call
            self._calls.named(data.call, data.call_id or None, data.tool or "")
            yield from self._call_start(data.call, event.run_id, inside)
        key = written.get(place, "")
        if ("call", key) in self._open:  # what belongs to no call, its action will say
            call_id = self._calls.named(key).id
            yield {"type": "TOOL_CALL_ARGS", "toolCallId": call_id, "delta": data.delta, **inside}

    def _call_start(self, key: str, message_id: str, inside: AguiEvent) -> Iterator[AguiEvent]:
        """Show a call, once: the model's tokens do, if the mode has tokens, else its action."""
        call = self._calls.named(key)
        if call.shown:
            return
        call.shown = True
        ids = {"toolCallId": call.id, **inside}
        names = {"toolCallName": call.tool, "parentMessageId": message_id}
        start = {"type": "TOOL_CALL_START", **ids, **names}
        yield from self._begin(("call", key), start, {"type": "TOOL_CALL_END", **ids})

    def _message_end(self, event: ev.LlmFinished) -> Iterator[AguiEvent]:
        data = event.data
        if event.run_id not in self._streamed:
            yield from self._unstreamed(event)
        self._streamed.discard(event.run_id)
        if event.call is None and (data.text or data.named_blocks):
            self._said = data.text, data.named_blocks
        for what in ("REASONING_MESSAGE", "REASONING", "text"):
            yield from self._end((what, event.run_id))
        for key in self._written.pop(event.run_id, {}).values():
            yield from self._end(("call", key))

    def _unstreamed(self, event: ev.LlmFinished) -> Iterator[AguiEvent]:
        """A mode without tokens reports what a model wrote once it has written it."""
        pieces: list[tuple[ev.Channel, str]] = [("reasoning", event.data.reasoning)]
        for channel, whole in [*pieces, *in_order(event.data)]:
            if whole:
                inside = yield from self._subagent(event.call, event.tool_call_id)
                yield from self._piece(event.run_id, channel, whole, inside)

    def _text(self, message: AguiEvent, delta: str) -> Iterator[AguiEvent]:
        key = ("text", message["messageId"])
        start = {"type": "TEXT_MESSAGE_START", **message, "role": "assistant"}
        yield from self._begin(key, start, {"type": "TEXT_MESSAGE_END", **message})
        yield {"type": "TEXT_MESSAGE_CONTENT", **message, "delta": delta}

    def _tool(self, event: ev.CallEvent) -> Iterator[AguiEvent]:
        key, data = ev.call_of(event), event.data
        call = self._calls.named(key, data.tool_call_id, data.tool)
        step = {"stepName": f"{call.tool} {call.id}"}
        match event:
            case ev.Action():
                yield from self._action(event, key)
            case ev.ToolStarted():
                ended = {"type": "STEP_FINISHED", **step}
                yield from self._begin(("step", key), {"type": "STEP_STARTED", **step}, ended)
            case ev.ToolFinished(data=data):
                yield from self._subagent_end(key, data)
                yield from self._end(("step", key))
            case ev.Observation(data=data):
                yield from self._end(("subagent", key))
                inside = yield from self._subagent(ev.outer_call(key))
                result = {"messageId": f"{call.id}:result", "toolCallId": call.id}
                content = {"content": data.output, "role": "tool"}
                yield {"type": "TOOL_CALL_RESULT", **result, **content, **inside}

    def _action(self, event: ev.Action, key: str) -> Iterator[AguiEvent]:
        if (call := self._calls.named(key)).shown:
            return
        inside = yield from self._subagent(ev.outer_call(key))
        yield from self._call_start(key, event.run_id, inside)
        arguments = encode_plain(event.data.tool_input).decode().strip()
        yield {"type": "TOOL_CALL_ARGS", "toolCallId": call.id, "delta": arguments, **inside}
        yield from self._end(("call", key))

    def _subagent(
        self, key: str | None, given: str | None = None
    ) -> Generator[AguiEvent, None, AguiEvent]:
        """Announce that something happens inside a tool call; return what attributes it."""
        if key is None:
            return {}
        call, unannounced, around = self._calls.named(key, given), list[str](), key
        while around and ("subagent", around) not in self._open and len(unannounced) < DEEPEST_CALL:
            unannounced.append(around)
            around = ev.outer_call(around) or ""
        for each in reversed(unannounced):
            yield from self._announce(each)
        return {"subagentRunId": call.subagent}

    def _announce(self, key: str) -> Iterator[AguiEvent]:
        """Each invocation has an id of its own: a call may be tried again."""
        call, outer = self._calls.invoked(key), ev.outer_call(key) or ""
        inside = {"subagentRunId": call.subagent}
        named = {"name": call.tool, "parentToolCallId": call.id}
        if ("subagent", outer) in self._open:
            named["parentSubagentRunId"] = self._calls.named(outer).subagent
        start = {"type": "SUBAGENT_STARTED", **inside, **named}
        yield from self._begin(("subagent", key), start, {"type": "SUBAGENT_FINISHED", **inside})

    def _subagent_end(self, key: str, data: ev.ToolFinishedData) -> Iterator[AguiEvent]:
        end = self._open.get(("subagent", key), {})
        if data.status == "error":
            end["type"] = "SUBAGENT_ERROR"
            end["message"] = data.error.message if data.error is not None else data.output
        elif data.status == "interrupted":
            end["outcome"] = {"type": "suspended"}
        yield from self._end(("subagent", key))

    def _begin(self, key: _Key, start: AguiEvent, end: AguiEvent) -> Iterator[AguiEvent]:
        if key not in self._open:
            self._open[key] = end
            yield start

    def _end(self, key: _Key) -> Iterator[AguiEvent]:
        if key in self._open:
            yield self._open.pop(key)


def _custom(name: str, data: Any) -> AguiEvent:
    return {"type": "CUSTOM", "name": f"catagent.{name}", "value": data}
