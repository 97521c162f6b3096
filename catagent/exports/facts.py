"""What every export says about a run, in the same words."""

from __future__ import annotations

from datetime import UTC

from catagent.events import types as ev
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.events.timestamps import moment
from catagent.views.format import count, seconds

UNFINISHED = "This recording is unfinished: it ends before the run did."


def title(state: RunState, wanted: str | None) -> str:
    """Return the title on one line: the one that was asked for, or the question."""
    question = state.started.data.input if state.started is not None else ""
    return " ".join((wanted or question or "A catagent run").split())


def facts(state: RunState) -> list[str]:
    """What ran, when, and what it came to."""
    return [*_ran(state), *_came_to(state)]


def _ran(state: RunState) -> list[str]:
    if state.started is None:
        return []
    data = state.started.data
    tools = f"tools: {data.tool_model}" if data.tool_model not in (None, data.model) else ""
    found = [data.agent, data.model, tools, data.mode, _day(state.started.ts)]
    return [fact for fact in found if fact]


def _came_to(state: RunState) -> list[str]:
    if state.finished is None:
        return ["unfinished"]
    data = state.finished.data
    found = [data.status, seconds(data.duration_s), count(data.tool_calls, "tool call")]
    if data.usage is not None:
        found.append(f"{data.usage.input_tokens:,} + {data.usage.output_tokens:,} tokens")
    return found


def llm_facts(run: LlmRun) -> list[str]:
    """What one call of a model came to."""
    data = run.finished
    if data is None:
        return ["unfinished"]
    found = []
    if data.usage is not None:
        found.append(count(data.usage.output_tokens, "token"))
    elif run.tokens:
        found.append(count(run.tokens, "token"))
    return found + ([seconds(data.duration_s)] if data.duration_s is not None else [])


def tool_facts(run: ToolRun) -> list[str]:
    """What one tool call came to."""
    data = run.finished
    if data is None:
        return [] if run.observation is not None else ["unfinished"]
    return [seconds(data.duration_s)] if data.duration_s is not None else []


def observed(run: ToolRun) -> str:
    """What the agent observed, or what the tool returned if no agent observed it."""
    if run.observation is not None:
        return run.observation.output
    return "" if run.finished is None else run.finished.output


def raised(run: ToolRun) -> str:
    """What a tool raised where the agent observed nothing."""
    if run.observation is not None or run.finished is None or run.finished.error is None:
        return ""
    return run.finished.error.message


def failed(run: ToolRun) -> bool:
    """Whether a tool call went wrong."""
    ends: list[ev.ToolFinishedData | ev.ObservationData | None] = [run.finished, run.observation]
    return any(end is not None and end.status == "error" for end in ends)


def _day(ts: str) -> str:
    when = moment(ts)
    return "" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
