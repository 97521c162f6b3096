"""What is known of a run so far, and `reduce`, the one way in which it changes.

`reduce` is total: an end without a start, a token after its end, an unknown event change what
they can and raise nothing. It changes the state in place and returns it; a copy per token would
be quadratic in the length of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from catagent.events import types as ev


@dataclass(slots=True)
class LlmRun:
    """One call of a model. Pieces stay in lists: joined once, when somebody asks."""

    run_id: str
    name: str = ""
    model: str = ""
    tags: list[str] = field(default_factory=list)
    parent_ids: list[str] = field(default_factory=list)
    tool_call_id: str | None = None
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    tokens: int = 0
    started_ts: str = ""
    finished: ev.LlmFinishedData | None = None


@dataclass(slots=True)
class ToolRun:
    """One tool call: decided on (`action`), run, observed. Keyed by its call id or run id.

    `decided_by` is the run id of the model that decided, `nested` whether that was one inside
    another tool call.
    """

    key: str
    tool: str = ""
    tool_input: Any = None
    run_id: str = ""
    parent_ids: list[str] = field(default_factory=list)
    tool_call_id: str | None = None
    tags: list[str] = field(default_factory=list)
    decided_by: str | None = None
    nested: bool = False
    started: bool = False
    started_ts: str = ""
    finished: ev.ToolFinishedData | None = None
    observation: ev.ObservationData | None = None


@dataclass(slots=True)
class RunState:
    """The whole run. `order` holds model and tool calls in the order they first appeared."""

    started: ev.RunStarted | None = None
    finished: ev.RunFinished | None = None
    llms: dict[str, LlmRun] = field(default_factory=dict)
    tools: dict[str, ToolRun] = field(default_factory=dict)
    order: list[LlmRun | ToolRun] = field(default_factory=list)
    answer: ev.AnswerData | None = None
    warnings: list[ev.WarningData] = field(default_factory=list)
    last_ts: str = ""


def reduce(state: RunState, event: ev.Event) -> RunState:
    """Return `state` as it is after `event`: the same object, changed."""
    state.last_ts = event.ts
    match event:
        case ev.LlmToken():
            _token(state, event)
        case ev.LlmStarted() | ev.LlmFinished():
            _llm(state, event)
        case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
            _tool(state, event)
        case _:
            _other(state, event)
    return state


def _other(state: RunState, event: ev.Event) -> None:
    match event:
        case ev.RunStarted():
            state.started = event
        case ev.RunFinished():
            state.finished = event
        case ev.Answer(data=data):
            state.answer = data
        case ev.Warned(data=data):
            state.warnings.append(data)
        case _:
            pass


def _llm_run(state: RunState, event: ev.LlmStarted | ev.LlmToken | ev.LlmFinished) -> LlmRun:
    run = state.llms.get(event.run_id)
    if run is None:
        run = LlmRun(event.run_id, event.name, tags=event.tags, parent_ids=event.parent_ids)
        run.tool_call_id, run.started_ts = event.tool_call_id, event.ts
        state.llms[event.run_id] = run
        state.order.append(run)
    return run


def _token(state: RunState, event: ev.LlmToken) -> None:
    run = _llm_run(state, event)
    run.tokens += 1
    data = event.data
    if data.channel == "text":
        run.text.append(data.delta)
    elif data.channel == "reasoning":
        run.reasoning.append(data.delta)


def _llm(state: RunState, event: ev.LlmStarted | ev.LlmFinished) -> None:
    run = _llm_run(state, event)
    run.model = event.data.model or run.model
    if isinstance(event, ev.LlmFinished):
        run.finished = event.data
        # The finished event repeats the whole: the pieces would hold the same text twice.
        run.text, run.reasoning = [event.data.text], [event.data.reasoning]


def _tool(
    state: RunState, event: ev.Action | ev.ToolStarted | ev.ToolFinished | ev.Observation
) -> None:
    run = _tool_run(state, event)
    match event:
        case ev.Action(data=data):
            run.tool_input = data.tool_input
            run.decided_by = event.run_id
            run.nested = event.tool_call_id is not None
        case ev.ToolStarted(data=data):
            run.started, run.started_ts = True, event.ts
            run.run_id, run.parent_ids, run.tags = event.run_id, event.parent_ids, event.tags
            run.tool_input = data.tool_input if run.tool_input is None else run.tool_input
        case ev.ToolFinished(data=data):
            run.finished = data
        case ev.Observation(data=data):
            run.observation = data


def _begins_again(run: ToolRun, event: ev.Event) -> bool:
    """Some servers number the calls of every message from zero: the same id, another call."""
    if isinstance(event, ev.Action):  # may come after its tool has started, once
        return run.decided_by is not None or run.finished is not None or run.observation is not None
    return isinstance(event, ev.ToolStarted) and run.started and run.run_id != event.run_id


def _tool_run(
    state: RunState, event: ev.Action | ev.ToolStarted | ev.ToolFinished | ev.Observation
) -> ToolRun:
    call_id = event.data.tool_call_id
    key = call_id or event.run_id
    run = state.tools.get(key)
    if run is None or _begins_again(run, event):
        run = ToolRun(key, event.data.tool, tool_call_id=call_id, parent_ids=event.parent_ids)
        state.tools[key] = run
        state.order.append(run)
    return run
