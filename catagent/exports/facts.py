"""What every export says about a run, in the same words."""

from __future__ import annotations

from datetime import UTC

from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.events.timestamps import moment
from catagent.views.format import compact, count, fields, json_line, seconds
from catagent.views.graph import is_shown
from catagent.views.notes import place

UNFINISHED = "This recording is unfinished: it ends before the run did."


def title(state: RunState, wanted: str | None) -> str:
    """Return the title on one line: the one that was asked for, or the question."""
    asked = state.started.data.input if state.started is not None else ""
    question = " ".join(fields(asked)) if asked else ""
    return " ".join((wanted or question or "A catagent run").split())


def facts(state: RunState) -> list[str]:
    """What ran, when, and what it came to."""
    return [*_ran(state), *_came_to(state)]


def _ran(state: RunState) -> list[str]:
    if state.started is None:
        return []
    data = state.started.data
    tools = f"tools: {data.tool_model}" if data.tool_model not in (None, data.model) else ""
    asked = state.finished.data.models if data.model is None and state.finished else []
    models = [data.model, *(model.model for model in asked)]
    found = [data.agent, *models, tools, data.mode, _day(state.started.ts)]
    return [fact for fact in found if fact]


def _came_to(state: RunState) -> list[str]:
    if state.finished is None:
        return ["unfinished"]
    data = state.finished.data
    found = [ended(data.status), seconds(data.duration_s), count(data.tool_calls, "tool call")]
    return found + _tokens(data.usage)


def ended(status: ev.RunStatus) -> str:
    """How a run ended, in a word or a few."""
    return "waits for an answer" if status == "interrupted" else status


def _tokens(usage: ev.Usage | None) -> list[str]:
    counts = [usage.input_tokens, usage.output_tokens] if usage is not None else []
    known = [f"{number:,}" for number in counts if number is not None]
    return [f"{' + '.join(known)} tokens"] if known else []


def llm_facts(run: LlmRun) -> list[str]:
    """What one call of a model came to."""
    data = run.finished
    if data is None:
        return ["unfinished"]
    usage = data.usage.output_tokens if data.usage is not None else None
    tokens = run.tokens if usage is None else usage
    found = [count(tokens, "token")] if tokens or usage is not None else []
    return found + ([seconds(data.duration_s)] if data.duration_s is not None else [])


def tool_facts(run: ToolRun) -> list[str]:
    """What one tool call came to."""
    data = run.finished
    if data is None:
        return [] if run.observation is not None else ["unfinished"]
    waits = ["waits for an answer"] if data.status == "interrupted" else []
    return waits + ([seconds(data.duration_s)] if data.duration_s is not None else [])


def observed(run: ToolRun) -> str:
    """What the agent observed, or what the tool returned if no agent observed it."""
    if run.observation is not None:
        return run.observation.output
    return "" if run.finished is None else run.finished.output


def artifacts(run: ToolRun) -> list[str]:
    """What it returned besides what the agent observed, as JSON."""
    messages = run.observation.messages if run.observation is not None else []
    return [json_line(each.artifact) for each in messages if each.artifact is not UNSET]


def raised(run: ToolRun) -> ev.ErrorInfo | None:
    """What a tool raised where the agent observed nothing."""
    return run.finished.error if run.finished is not None and run.observation is None else None


def error_details(error: ev.ErrorInfo) -> list[str]:
    """Where it went wrong, as far as it is known, and what else went wrong along with it."""
    others = [": ".join(filter(None, [place(other), other.message])) for other in error.others]
    return [text for text in (place(error), *others) if text]


def happened(event: ev.Update | ev.Node) -> str:
    """A custom event, or what a node changed, on one line; "" where it changed messages alone."""
    if isinstance(event, ev.Node):
        return f"{event.name}: {compact(event.data.content)}"
    changes = (
        event.data.changes if isinstance(event.data.changes, dict) else {"": event.data.changes}
    )
    changed = [f"{name} {compact(value)}" for name, value in changes.items() if not is_shown(value)]
    return f"{event.data.node}: {', '.join(changed)}" if changed else ""


def failed(run: ToolRun) -> bool:
    """Whether a tool call went wrong."""
    ends: list[ev.ToolFinishedData | ev.ObservationData | None] = [run.finished, run.observation]
    return any(end is not None and end.status == "error" for end in ends)


def _day(ts: str) -> str:
    when = moment(ts)
    return "" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
