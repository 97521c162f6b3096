"""What is known of a run so far, and `reduce`, the one way in which it changes.

`reduce` is total: whatever comes in whatever order changes what it can and raises nothing. It
changes the state in place: a copy per token would be quadratic in the length of the run.
"""

from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from catagent.events import types as ev


@dataclass(slots=True)
class LlmRun:
    """One call of a model, which `began` with the first event of it that came.

    Pieces stay in lists: joined once, when somebody asks. `blocks` name what is neither text nor
    reasoning.
    """

    began: ev.LlmEvent
    model: str = ""
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    tokens: int = 0
    finished: ev.LlmFinishedData | None = None


@dataclass(slots=True)
class ToolRun:
    """One tool call: decided on by the model run `decided_by`, run, observed. `call` is its key.

    A call that is tried again is the same one: what is said of its run is that of the latest
    attempt.
    """

    call: str
    tool: str = ""
    tool_input: Any = None
    decided_by: str | None = None
    began: ev.ToolStarted | None = None
    finished: ev.ToolFinishedData | None = None
    observation: ev.ObservationData | None = None


@dataclass(slots=True)
class RunState:
    """The whole run: `llms` by run id, `tools` by key, both in `order` of their appearance."""

    started: ev.RunStarted | None = None
    finished: ev.RunFinished | None = None
    llms: dict[str, LlmRun] = field(default_factory=dict)
    tools: dict[str, ToolRun] = field(default_factory=dict)
    order: list[LlmRun | ToolRun] = field(default_factory=list)
    answer: ev.AnswerData | None = None
    interrupts: list[ev.Interrupt] = field(default_factory=list)
    warnings: list[ev.WarningData] = field(default_factory=list)


def reduce(state: RunState, event: ev.Event) -> RunState:
    """Return `state` as it is after `event`: the same object, changed."""
    match event:
        case ev.LlmToken() | ev.LlmStarted() | ev.LlmFinished():
            _llm(state, event)
        case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
            _tool(state, event)
        case ev.RunStarted():
            state.started = event
        case ev.RunFinished():
            state.finished = event
        case ev.Answer(data=data):
            state.answer = data
        case ev.Warned(data=data):
            state.warnings.append(data)
        case ev.Interrupt():
            # What the run itself has waited for was answered, or it had not gone on.
            still = [each for each in state.interrupts if each.data.in_place is UNSET]
            state.interrupts = [*still, event]
    return state


def _llm(state: RunState, event: ev.LlmEvent) -> None:
    run = state.llms.get(event.run_id)
    if run is None:
        run = state.llms[event.run_id] = LlmRun(event)
        state.order.append(run)
    if isinstance(event, ev.LlmToken):
        _token(run, event.data)
        return
    run.model = event.data.model or run.model
    if isinstance(event, ev.LlmFinished):
        run.finished = event.data
        # The finished event repeats the whole: the pieces would hold the same text twice.
        run.text, run.reasoning = [event.data.text], [event.data.reasoning]
        run.blocks = list(event.data.named_blocks)


def _token(run: LlmRun, data: ev.LlmTokenData) -> None:
    run.tokens += 1
    written = {"text": run.text, "reasoning": run.reasoning, "block": run.blocks}.get(data.channel)
    if written is not None:
        written.append(data.delta)


def _tool(state: RunState, event: ev.CallEvent) -> None:
    call = ev.call_of(event)
    run = state.tools.get(call)
    if run is None:
        run = state.tools[call] = ToolRun(call, event.data.tool)
        state.order.append(run)
    match event:
        case ev.Action(data=data):
            run.tool_input, run.decided_by = data.tool_input, event.run_id
        case ev.ToolStarted():
            _begin(run, event)
        case ev.ToolFinished(data=data):
            # What an earlier attempt ended with says nothing.
            if run.began is None or run.began.run_id == event.run_id:
                run.finished = data
        case ev.Observation(data=data):
            run.observation = data


def _begin(run: ToolRun, event: ev.ToolStarted) -> None:
    if run.began is not None and run.began.run_id != event.run_id:
        run.finished = run.observation = None
    run.began = event
    if run.decided_by is None or run.tool_input is None:
        run.tool_input = event.data.tool_input
