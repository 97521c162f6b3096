"""Our events in the words of the AG-UI protocol (1.0), for a web front end.

What happens inside a tool call is attributed to it the protocol's way: as the work of a subagent
whose `parentToolCallId` is the call. What the protocol has no word for becomes CUSTOM.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import msgspec

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.events.prompts import Prompts
from catagent.events.said import in_order, repeats
from catagent.events.timestamps import epoch
from catagent.sinks.agui_ends import interrupt, outcome

AguiEvent = dict[str, Any]
_Key = tuple[str, str]
_WRITES, _RUNS = ("START", "END"), ("STARTED", "FINISHED")


@dataclass(slots=True)
class _Call:
    """A tool call. `subagent` is the id of the latest invocation of what runs inside it, if any."""

    id: str
    tool: str = ""
    shown: bool = False
    subagent: str = ""


class Translator:
    """Turns the events of one run into AG-UI's. Whatever it opened is closed before the end."""

    def __init__(self) -> None:
        self._ids: AguiEvent = {"threadId": "", "runId": ""}
        self._out: list[AguiEvent] = []
        self._open: dict[_Key, AguiEvent] = {}
        self._calls: dict[str, _Call] = {}
        self._taken: set[str] = set()
        self._written: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self._interrupts: dict[str, AguiEvent] = {}
        self._prompts = Prompts()
        self._said: tuple[str, list[str]] = ("", [])
        self._streamed: set[str] = set()

    def translate(self, event: ev.Event) -> list[AguiEvent]:
        """Return what the event is in AG-UI: nothing, one event or several."""
        self._out, extra = [], AguiEvent()
        if (seconds := epoch(event.ts)) is not None:
            extra["timestamp"] = round(seconds * 1000)
        if not isinstance(event, ev.Unknown) and event.raw is not msgspec.UNSET:
            extra["rawEvent"] = event.raw
        if isinstance(event, ev.LlmToken):
            self._token(event)
        else:
            self._prompts.take(event)
            self._translate(event)
        return [translated | extra for translated in self._out]

    def _translate(self, event: ev.Event) -> None:
        match event:
            case ev.LlmFinished():
                self._message_end(event)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                self._tool(event)
            case ev.RunStarted() | ev.Answer() | ev.Interrupt() | ev.RunFinished():
                self._run(event)
            case ev.LlmStarted() | ev.LlmToken():
                pass
            case _:
                self._other(event)

    def _run(self, event: ev.RunStarted | ev.Answer | ev.Interrupt | ev.RunFinished) -> None:
        match event:
            case ev.RunStarted(data=data, run_id=run_id):
                self._ids = {"threadId": data.thread_id or run_id, "runId": run_id}
                self._put("RUN_STARTED", self._ids)
                self._custom(ev.type_of(event), data)
            case ev.Answer(data=data):
                if not repeats(data.output, *self._said):  # no model has just said it
                    self._text(f"{event.run_id}:answer", data.output, {})
                    self._end("TEXT_MESSAGE", f"{event.run_id}:answer")
            case ev.Interrupt(data=data, call=key):
                call_id = self._call(key, event.tool_call_id).id if key else None
                self._interrupts[data.id] = interrupt(data, call_id)
            case ev.RunFinished(data=data):
                self._finish(data)

    def _other(self, event: ev.Update | ev.Node | ev.Retry | ev.Warned | ev.Unknown) -> None:
        """What the protocol has no word for, attributed to the call that it happened inside."""
        if isinstance(event, ev.Unknown):
            return self._custom(event.type, event.fields.get("data"))
        data: Any = event.data
        if isinstance(event, ev.Update):
            data = {"node": event.data.node, "changes": self._prompts.whole(event.data.changes)}
        elif isinstance(event, ev.Node):
            data = {"name": event.name, **msgspec.structs.asdict(event.data)}
        inside = self._inside(event.call, event.tool_call_id)
        return self._custom(ev.type_of(event), data, inside)

    def _finish(self, data: ev.RunFinishedData) -> None:
        self._out += reversed(self._open.values())
        self._open.clear()
        if data.state is not None:
            self._put("STATE_SNAPSHOT", snapshot=self._prompts.whole(data.state))
        self._out.append(outcome(data, self._ids, list(self._interrupts.values())))

    # What models write

    def _token(self, event: ev.LlmToken) -> None:
        inside = self._inside(event.call, event.tool_call_id)
        self._streamed.add(event.run_id)
        if event.data.channel == "tool_args":
            self._tool_args(event, inside)
        else:
            self._piece(event.run_id, event.data.channel, event.data.delta, inside)

    def _piece(self, run_id: str, channel: ev.Channel, delta: str, inside: AguiEvent) -> None:
        match channel:
            case "text":
                self._text(run_id, delta, inside)
            case "reasoning":
                ids = {"messageId": f"{run_id}:reasoning", **inside}
                self._begin(("REASONING", run_id), ids)
                self._begin(("REASONING_MESSAGE", run_id), ids, role="reasoning")
                self._put("REASONING_MESSAGE_CONTENT", ids, delta=delta)
            case _:  # a block that is not text, which the protocol has no word for
                data = {"messageId": run_id, "channel": channel, "delta": delta}
                self._custom("llm.token", data, inside)

    def _text(self, message_id: str, delta: str, inside: AguiEvent) -> None:
        ids = {"messageId": message_id, **inside}
        self._begin(("TEXT_MESSAGE", message_id), ids, role="assistant")
        self._put("TEXT_MESSAGE_CONTENT", ids, delta=delta)

    def _tool_args(self, event: ev.LlmToken, inside: AguiEvent) -> None:
        data, written = event.data, self._written[event.run_id]
        place = data.index if isinstance(data.index, int) else 0
        if isinstance(data.call, str):
            self._end("TOOL_CALL", written.get(place, ""))
            written[place] = data.call
            self._call(data.call, data.call_id or None, data.tool or "")
            self._call_start(data.call, event.run_id, inside)
        key = written.get(place, "")
        if ("TOOL_CALL", key) in self._open:  # what belongs to no call, its action will say
            ids = {"toolCallId": self._call(key).id, **inside}
            self._put("TOOL_CALL_ARGS", ids, delta=data.delta)

    def _message_end(self, event: ev.LlmFinished) -> None:
        data = event.data
        if event.run_id not in self._streamed:
            # A mode without tokens reports what a model wrote once it has written it.
            for channel, whole in [("reasoning", data.reasoning), *in_order(data)]:
                if whole:
                    inside = self._inside(event.call, event.tool_call_id)
                    self._piece(event.run_id, channel, whole, inside)
        self._streamed.discard(event.run_id)
        if event.call is None and (data.text or data.named_blocks):
            self._said = data.text, data.named_blocks
        for what in ("REASONING_MESSAGE", "REASONING", "TEXT_MESSAGE"):
            self._end(what, event.run_id)
        for key in self._written.pop(event.run_id, {}).values():
            self._end("TOOL_CALL", key)

    # What becomes of a call

    def _tool(self, event: ev.CallEvent) -> None:
        key, data = ev.call_of(event), event.data
        call = self._call(key, data.tool_call_id, data.tool)
        match event:
            case ev.Action() if not call.shown:
                inside = self._inside(ev.outer_call(key))
                self._call_start(key, event.run_id, inside)
                arguments = encode_plain(event.data.tool_input).decode().strip()
                self._put("TOOL_CALL_ARGS", {"toolCallId": call.id, **inside}, delta=arguments)
                self._end("TOOL_CALL", key)
            case ev.ToolStarted():
                self._begin(("STEP", key), {"stepName": f"{call.tool} {call.id}"}, _RUNS)
            case ev.ToolFinished(data=data):
                self._subagent_end(key, data)
                self._end("STEP", key)
            case ev.Observation(data=data):
                self._end("SUBAGENT", key)
                ids = {"messageId": f"{call.id}:result", "toolCallId": call.id}
                inside = self._inside(ev.outer_call(key))
                self._put("TOOL_CALL_RESULT", ids | inside, content=data.output, role="tool")

    def _call_start(self, key: str, message_id: str, inside: AguiEvent) -> None:
        """Show a call, once: the model's tokens do, if the mode has tokens, else its action."""
        call = self._call(key)
        if not call.shown:
            call.shown = True
            ids, names = {"toolCallId": call.id, **inside}, {"toolCallName": call.tool}
            self._begin(("TOOL_CALL", key), ids, _WRITES, parentMessageId=message_id, **names)

    def _call(self, key: str, given: str | None = None, tool: str = "") -> _Call:
        """Return a call; its id is the one that was `given` where no other call has that."""
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = _Call(self._unique(given or key, key))
        call.tool = tool or call.tool
        return call

    def _unique(self, name: str, key: str) -> str:
        while name in self._taken:
            name = f"{name}#{key}"
        self._taken.add(name)
        return name

    # What happens inside a call

    def _inside(self, key: str | None, given: str | None = None) -> AguiEvent:
        """Announce that something happens inside a tool call; return what attributes it."""
        if key is None:
            return {}
        call, new, around = self._call(key, given), list[str](), key
        while around and ("SUBAGENT", around) not in self._open and len(new) < ev.DEEPEST_CALL:
            new.append(around)
            around = ev.outer_call(around) or ""
        for each in reversed(new):
            self._announce(each)
        return {"subagentRunId": call.subagent}

    def _announce(self, key: str) -> None:
        """Each invocation has an id of its own: a call may be tried again."""
        call, outer = self._call(key), ev.outer_call(key) or ""
        call.subagent = self._unique(call.id, key) if call.subagent else call.id
        around = {"parentToolCallId": call.id}
        if ("SUBAGENT", outer) in self._open:
            around["parentSubagentRunId"] = self._call(outer).subagent
        ids = {"subagentRunId": call.subagent}
        self._begin(("SUBAGENT", key), ids, _RUNS, name=call.tool, **around)

    def _subagent_end(self, key: str, data: ev.ToolFinishedData) -> None:
        end = self._open.get(("SUBAGENT", key), {})
        if data.status == "error":
            end["type"] = "SUBAGENT_ERROR"
            end["message"] = data.error.message if data.error is not None else data.output
        elif data.status == "interrupted":
            end["outcome"] = {"type": "suspended"}
        self._end("SUBAGENT", key)

    # One event

    def _begin(
        self, key: _Key, ids: AguiEvent, words: tuple[str, str] = _WRITES, **more: Any
    ) -> None:
        if key not in self._open:
            self._open[key] = {"type": f"{key[0]}_{words[1]}", **ids}
            self._put(f"{key[0]}_{words[0]}", ids, **more)

    def _end(self, what: str, key: str) -> None:
        if (what, key) in self._open:
            self._out.append(self._open.pop((what, key)))

    def _custom(self, name: str, data: Any, inside: AguiEvent | None = None) -> None:
        self._put("CUSTOM", inside, name=f"catagent.{name}", value=data)

    def _put(self, kind: str, ids: AguiEvent | None = None, **more: Any) -> None:
        self._out.append({"type": kind, **(ids or {}), **more})
