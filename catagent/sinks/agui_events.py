"""Our events in the words of the AG-UI protocol (1.0), for a web front end.

What happens inside a tool call is attributed to it the protocol's way: as the work of a subagent
whose `parentToolCallId` is the call. What the protocol has no word for becomes CUSTOM.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import msgspec

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.events.prompts import Prompts
from catagent.events.said import in_order, repeats
from catagent.events.timestamps import epoch

AguiEvent = dict[str, Any]
# What runs is STARTED and FINISHED; what is written has a START and an END.
_RUNS = ("SUBAGENT", "STEP")
# What may be open of one owner, innermost first.
_INNERMOST = ("REASONING_MESSAGE", "REASONING", "TEXT_MESSAGE", "TOOL_CALL", *_RUNS)
# The protocol has no word for a pause that any answer may end.
_PAUSE = "langgraph:interrupt"
_COUNTS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "total_tokens": "totalTokens",
    "reasoning_tokens": "reasoningTokens",
    "cached_tokens": "cachedInputTokens",
}


@dataclass(slots=True)
class _Call:
    """A tool call. `subagent` is the id of the latest invocation of what runs inside it, if any."""

    id: str
    tool: str = ""
    shown: bool = False
    subagent: str = ""


class Translator:
    """Turns the events of one run into AG-UI's. Whatever it opened is closed before the end.

    What is open is kept by its owner, the id of a model's run or the key of a call.
    """

    def __init__(self) -> None:
        self._ids: AguiEvent = {"threadId": "", "runId": ""}
        self._out: list[AguiEvent] = []
        self._open: defaultdict[str, dict[tuple[str, int], AguiEvent]] = defaultdict(dict)
        self._calls: dict[str, _Call] = {}
        self._taken: set[str] = set()
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
        self._prompts.take(event)
        self._translate(event)
        return [translated | extra for translated in self._out]

    def _translate(self, event: ev.Event) -> None:
        match event:
            case ev.LlmToken():
                self._token(event)
            case ev.LlmFinished():
                self._message_end(event)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                self._tool(event)
            case ev.RunStarted() | ev.Answer() | ev.Interrupt() | ev.RunFinished():
                self._run(event)
            case ev.Unknown():
                self._custom(event.type, event.fields.get("data"))
            case ev.Update() | ev.Node() | ev.Retry() | ev.Warned():
                self._other(event)

    def _run(self, event: ev.RunStarted | ev.Answer | ev.Interrupt | ev.RunFinished) -> None:
        match event:
            case ev.RunStarted(data=data, run_id=run_id):
                self._ids = {"threadId": data.thread_id or run_id, "runId": run_id}
                before = {"parentRunId": data.resumes} if data.resumes else {}
                self._put("RUN_STARTED", self._ids, **before)
                self._custom(event.type, data)
            case ev.Answer(data=data):
                if not repeats(data.output, *self._said):  # no model has just said it
                    owner = f"{event.run_id}:answer"
                    self._piece(owner, "text", data.output, {})
                    self._end_all(owner)
            case ev.Interrupt(data=data):
                if data.in_place is True:  # those before were answered: the run has gone on
                    self._interrupts.clear()
                self._interrupts[data.id] = self._interrupt(event)
            case ev.RunFinished(data=data):
                self._finish(data)

    def _other(self, event: ev.Update | ev.Node | ev.Retry | ev.Warned) -> None:
        """What the protocol has no word for, attributed to the call that it happened inside."""
        data: Any = event.data
        if isinstance(event, ev.Update):
            data = {"node": event.data.node, "changes": self._prompts.whole(event.data.changes)}
        elif isinstance(event, ev.Node):
            data = {"name": event.name, **msgspec.structs.asdict(event.data)}
        self._custom(event.type, data, self._inside(event.call, event.tool_call_id))

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
                ids = {"messageId": run_id, **inside}
                self._begin(run_id, "TEXT_MESSAGE", ids, role="assistant")
                self._put("TEXT_MESSAGE_CONTENT", ids, delta=delta)
            case "reasoning":
                ids = {"messageId": f"{run_id}:reasoning", **inside}
                self._begin(run_id, "REASONING", ids)
                self._begin(run_id, "REASONING_MESSAGE", ids, role="reasoning")
                self._put("REASONING_MESSAGE_CONTENT", ids, delta=delta)
            case _:  # a block that is not text, which the protocol has no word for
                data = {"messageId": run_id, "channel": channel, "delta": delta}
                self._custom("llm.token", data, inside)

    def _tool_args(self, event: ev.LlmToken, inside: AguiEvent) -> None:
        data, run_id = event.data, event.run_id
        place = data.index if isinstance(data.index, int) else 0
        if isinstance(data.call, str):
            self._end(run_id, "TOOL_CALL", place)
            call = self._call(data.call, data.call_id or None, data.tool or "")
            if not call.shown:
                call.shown, ids = True, {"toolCallId": call.id, **inside}
                names = {"parentMessageId": run_id, "toolCallName": call.tool}
                self._begin(run_id, "TOOL_CALL", ids, place, **names)
        if (known := self._open[run_id].get(("TOOL_CALL", place))) is not None:
            self._put("TOOL_CALL_ARGS", known, delta=data.delta)  # else its action will say

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
        self._end_all(event.run_id)

    # What becomes of a call

    def _tool(self, event: ev.CallEvent) -> None:
        key, data = ev.call_of(event), event.data
        call = self._call(key, data.tool_call_id, data.tool)
        match event:
            case ev.Action() if not call.shown:  # no model's tokens have shown it
                call.shown, inside = True, self._inside(ev.outer_call(key))
                ids = {"toolCallId": call.id, **inside}
                arguments = encode_plain(event.data.tool_input).decode().strip()
                names = {"parentMessageId": event.run_id, "toolCallName": call.tool}
                self._put("TOOL_CALL_START", ids, **names)
                self._put("TOOL_CALL_ARGS", ids, delta=arguments)
                self._put("TOOL_CALL_END", ids)
            case ev.ToolStarted():
                self._begin(key, "STEP", {"stepName": f"{call.tool} {call.id}"})
            case ev.ToolFinished(data=data):
                self._subagent_end(key, data)
                self._end(key, "STEP")
            case ev.Observation(data=data):
                self._end(key, "SUBAGENT")
                ids = {"messageId": f"{call.id}:result", "toolCallId": call.id}
                inside = self._inside(ev.outer_call(key))
                self._put("TOOL_CALL_RESULT", ids | inside, content=data.output, role="tool")

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

    def _inside(self, key: str | None, given: str | None = None, depth: int = 1) -> AguiEvent:
        """Announce that something happens inside a tool call; return what attributes it.

        Each invocation has an id of its own: a call may be tried again.
        """
        if not key or depth > ev.DEEPEST_CALL:
            return {}
        call = self._call(key, given)
        if ("SUBAGENT", 0) not in self._open[key]:
            around: AguiEvent = {"parentToolCallId": call.id}
            if outer := self._inside(ev.outer_call(key), depth=depth + 1):
                around["parentSubagentRunId"] = outer["subagentRunId"]
            call.subagent = self._unique(call.id, key) if call.subagent else call.id
            ids = {"subagentRunId": call.subagent}
            self._begin(key, "SUBAGENT", ids, name=call.tool, **around)
        return {"subagentRunId": call.subagent}

    def _subagent_end(self, key: str, data: ev.ToolFinishedData) -> None:
        how: AguiEvent = {}
        if data.status == "error":
            message = data.error.message if data.error is not None else data.output
            how = {"word": "ERROR", "message": message}
        elif data.status == "interrupted":
            how = {"outcome": {"type": "suspended"}}
        self._end(key, "SUBAGENT", **how)

    # The end of a run

    def _interrupt(self, event: ev.Interrupt) -> AguiEvent:
        """What a run waits for."""
        data = event.data
        about = {"value": data.value, "node": data.node, "allowed": data.allowed}
        found = {"id": data.id, "reason": _PAUSE, "metadata": {"langgraph": about}}
        if isinstance(data.value, str):
            found["message"] = data.value
        if event.call:
            found["toolCallId"] = self._call(event.call, event.tool_call_id).id
        return found

    def _finish(self, data: ev.RunFinishedData) -> None:
        for owner in reversed(list(self._open)):
            self._end_all(owner)
        if data.state is not None:
            self._put("STATE_SNAPSHOT", snapshot=self._prompts.whole(data.state))
        usage = [_usage(model) for model in data.models]
        if data.status in ("error", "limit"):
            error = data.error or ev.ErrorInfo(kind="agent", type=data.status, message=data.status)
            self._put("RUN_ERROR", message=error.message, code=error.type, usage=usage)
        else:
            ends = {"result": data.output, "outcome": self._outcome(data.status), "usage": usage}
            self._put("RUN_FINISHED", self._ids, **ends)

    def _outcome(self, status: ev.RunStatus) -> AguiEvent:
        if status != "interrupted":
            return {"type": status}
        # For something: the protocol wants one at least.
        waits = list(self._interrupts.values()) or [{"id": self._ids["runId"], "reason": _PAUSE}]
        return {"type": "interrupt", "interrupts": waits}

    # One event

    def _begin(self, owner: str, what: str, ids: AguiEvent, place: int = 0, **more: Any) -> None:
        if (what, place) not in self._open[owner]:
            self._open[owner][what, place] = ids
            self._put(f"{what}_{'STARTED' if what in _RUNS else 'START'}", ids, **more)

    def _end(self, owner: str, what: str, place: int = 0, word: str = "", **more: Any) -> None:
        if (ids := self._open[owner].pop((what, place), None)) is not None:
            word = word or ("FINISHED" if what in _RUNS else "END")
            self._put(f"{what}_{word}", ids, **more)

    def _end_all(self, owner: str) -> None:
        for what, place in sorted(self._open[owner], key=lambda at: (_INNERMOST.index(at[0]), at)):
            self._end(owner, what, place)
        del self._open[owner]

    def _custom(self, name: str, data: Any, inside: AguiEvent | None = None) -> None:
        self._put("CUSTOM", inside, name=f"catagent.{name}", value=data)

    def _put(self, kind: str, ids: AguiEvent | None = None, **more: Any) -> None:
        self._out.append({"type": kind, **(ids or {}), **more})


def _usage(used: ev.ModelUsage) -> AguiEvent:
    """The counts that are known: the protocol's absent is our null."""
    counts = {word: getattr(used.usage, name, None) for name, word in _COUNTS.items()}
    known = {word: number for word, number in counts.items() if number is not None}
    return {"model": used.model, **known}
