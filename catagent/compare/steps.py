"""A run as steps that can be compared with another's: what each was given, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from catagent.compare.ids import Ids
from catagent.events import types as ev
from catagent.events.codec import DEEPEST, encodable_data
from catagent.events.prompts import Prompts
from catagent.events.state import LlmRun, RunState, ToolRun, reduce
from catagent.views.format import agent_of, called, compact, json_line, used

What = Literal[
    "input", "model", "parameters", "tools", "message", "reasoning", "text", "call", "arguments",
    "observation", "update", "event", "interrupt", "answer", "status", "error", "tokens",
    "id", "time", "cost",
]  # fmt: skip
Texts = dict[What, str]
_Sent = ev.Message | ev.Tool | ev.Ref


@dataclass(slots=True)
class Step:
    """A run, a call of a model or a tool, what a node changed or emitted, or a pause.

    `given` is what it was sent, with the messages of a prompt, by type and text, in `sent`; `came`
    is what came of it, after the steps `inside`. `said` is how later prompts repeat that.
    """

    kind: str
    name: str
    where: str = "the run"
    given: Texts = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    came: Texts = field(default_factory=dict)
    said: str = ""
    inside: list[Step] = field(default_factory=list)


def steps(events: Iterable[ev.Event], *, times: bool = False) -> Step:
    """Return one run with its steps. Only with `times`, its ids and times are in them."""
    reading = _Reading(times=times)
    for event in events:
        reading.take(event)
    return reading.whole()


class _Reading:
    def __init__(self, *, times: bool) -> None:
        self._state, self._prompts, self._times = RunState(), Prompts(), times
        self._run, self._numbers, self._ids = Step("run", ""), Counter[str](), Ids()
        self._steps = [self._run]
        self._models, self._tools = dict[str, Step](), dict[str, Step]()
        self._texts: dict[int, tuple[_Sent, tuple[str, str]]] = {}

    def take(self, event: ev.Event) -> None:
        if not self._times:
            self._ids.take(event)
        self._prompts.take(event)
        known = len(self._state.order)
        reduce(self._state, event)
        for what in self._state.order[known:]:
            self._enter(what, event)
        match event:
            case ev.LlmStarted(data=data):
                self._sent(self._models[event.run_id], data)
            case ev.Update(data=ev.UpdateData(node=node, changes=changes)):
                own = _own(self._prompts.whole(changes))
                if own is not None or not changes:  # messages alone stand elsewhere
                    self._lone(event, "update", node, own)
            case ev.Interrupt(data=data):
                self._lone(event, "interrupt", data.node, data.value)
            case ev.Node(name=name, data=ev.NodeData(kind="custom", content=content)):
                self._lone(event, "event", name, content)

    def _enter(self, what: LlmRun | ToolRun, event: Any) -> None:
        if isinstance(what, ToolRun):
            step = Step("tool", what.tool, f"{what.tool}, call {what.call}")
            around = self._add(event, step)
            is_deep = what.call.count(".") >= ev.DEEPEST_CALL
            self._tools[what.call] = around if is_deep else step
            return
        step = self._models[event.run_id] = Step("model", event.name)
        around = self._add(event, step)
        place = agent_of(event) or ("the agent" if around is self._run else around.where)
        self._numbers[place] += 1
        step.where = f"model call {self._numbers[place]}, in {place}"

    def _lone(self, event: Any, what: What, name: str, value: Any) -> None:
        self._add(event, Step(what, name, f"{what} of {name}", came={what: compact(value)}))

    def _add(self, event: Any, step: Step) -> Step:
        """Put a step into the call around it, which is returned, or into the run."""
        call = ev.outer_call(ev.call_of(event)) if step.kind == "tool" else event.call
        around = self._tools.get(call or "", self._run)
        around.inside.append(step)
        self._steps.append(step)
        step.given = {"id": event.run_id, "time": event.ts} if self._times else {}
        return around

    def _sent(self, step: Step, data: ev.LlmStartedData) -> None:
        step.given |= {"model": data.model, "parameters": json_line(data.parameters)}
        step.given["tools"] = "\n".join(self._text(tool)[1] for tool in self._prompts.tools(data))
        step.sent = [*map(self._text, self._prompts.messages(data))]

    def _text(self, sent: _Sent) -> tuple[str, str]:
        """What it is and its text, made once: the next prompt has it again."""
        if (known := self._texts.get(id(sent))) is None:
            kind, text = _text(sent)
            # With itself, so that no other gets its id.
            known = self._texts[id(sent)] = sent, (kind, self._ids.hidden(text))
        return known[1]

    def whole(self) -> Step:
        """The run, when all of its events were taken."""
        state, run = self._state, self._run
        for key, model in state.llms.items():
            _end_model(self._models[key], model)
        for call, tool in state.tools.items():
            _end_tool(self._tools[call], tool)
        answer = state.answer or ev.AnswerData(output="")
        run.came["answer"] = answer.output + (" (cut short)" if not answer.complete else "")
        if state.started is not None:
            run.given["input"] = compact(state.started.data.input)
        if state.finished is not None:
            end = state.finished.data
            run.came |= {"status": end.status, "error": _why(end.error), "tokens": used(end.usage)}
            if self._times:
                run.came |= {"id": state.finished.run_id, "time": f"{end.duration_s} s"}
                run.came["cost"] = str(end.cost or 0)
        for step in self._steps:
            for texts in (step.given, step.came):
                texts.update((what, self._ids.hidden(text)) for what, text in texts.items())
            step.said = self._ids.hidden(step.said)
        return run


def _end_model(step: Step, model: LlmRun) -> None:
    end = model.finished or ev.LlmFinishedData(model="", text="".join(model.text))
    calls = [_called(each.name, each.args) for each in end.tool_calls]
    step.came = {"reasoning": "".join(model.reasoning), "text": end.text}
    step.came |= {"call": "\n".join(calls), "error": _why(end.error)}
    step.said = "\n".join(filter(None, [end.text, *calls]))


def _end_tool(step: Step, tool: ToolRun) -> None:
    end = tool.observation or tool.finished
    status = "unfinished" if end is None else end.status
    error = end.error if isinstance(end, ev.ToolFinishedData) else None
    step.given["arguments"] = _called(tool.tool, tool.tool_input)
    step.said = "" if end is None else end.output
    step.came = {"observation": step.said, "error": _why(error)}
    step.came["status"] = "" if status == "success" else status


def _text(sent: _Sent) -> tuple[str, str]:
    match sent:
        case ev.Message(type=kind, content=text):
            calls = [_called(each.name, each.args) for each in sent.tool_calls]
            blocks = compact(sent.blocks) if isinstance(sent.blocks, list) else ""
            return kind, "\n".join(filter(None, [text or blocks, *calls]))
        case ev.Ref(ref=ref):  # a filter left out what it refers to
            return "ref", ref
    return "tool", json_line(encodable_data(sent))


def _called(name: str, args: Any) -> str:
    """A call in one line, with its arguments in the order of their names."""
    return called(name, dict(sorted(args.items())) if isinstance(args, dict) else args)


def _why(error: ev.ErrorInfo | None) -> str:
    return error.message if error is not None else ""


def _own(value: Any, depth: int = 0) -> Any:
    """Plain data without the messages in it, which are compared where they were written."""
    if isinstance(value, dict) and (value.keys() == {"ref"} or value.keys() >= {"type", "content"}):
        return None
    if not isinstance(value, dict | list) or depth > DEEPEST:
        return value
    if isinstance(value, list):
        return [own for each in value if (own := _own(each, depth + 1)) is not None] or None
    items = ((key, _own(each, depth + 1)) for key, each in value.items())
    return {key: own for key, own in items if own is not None} or None
