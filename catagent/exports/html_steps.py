"""The steps of the HTML page, which fold, and when each of them happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from catagent.events import types as ev
from catagent.events.said import of_run
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.events.timestamps import epoch
from catagent.exports import facts, tags
from catagent.exports.outline import Step
from catagent.views.format import arguments
from catagent.views.graph import answers, questions

# Of an event so many characters are seen without unfolding it.
_LONGEST = 200


class _Span(NamedTuple):
    """When something ran: its beginning, and its length in seconds; 0 where nobody knows."""

    began: float
    length: float


def steps(state: RunState, those: list[Step], prompts: Mapping[str, str]) -> Iterator[str]:
    """Yield an element for each step; all that happened inside it is inside it.

    `prompts` has the HTML of what models were sent, by run id.
    """
    # From the first step on: before that is start-up.
    began = epoch(state.order[0].started_ts) if state.order else None
    whole = _Span(began or 0.0, (epoch(state.last_ts) or 0.0) - (began or 0.0))
    for one in those:
        yield _step(one, whole, prompts)


def _step(one: Step, around: _Span, prompts: Mapping[str, str]) -> str:
    match one.what:
        case LlmRun() as run:
            return _model(run, around, prompts.get(run.run_id, ""))
        case ToolRun() as run:
            return _tool(one, run, around, prompts)
        case ev.Interrupt(data=data):
            asked = "\n\n".join(["Waits for an answer:", *questions(data)])
            return tags.notice("warning", asked, *answers(data))
        case event:
            return _event(facts.happened(event))


def _event(text: str) -> str:
    if len(text) > _LONGEST:
        return tags.folded("", f"{text[:_LONGEST]}…", [tags.pre(text)], kind="event")
    return f'<p class="event">{tags.line(text)}</p>' if text else ""


def _model(run: LlmRun, around: _Span, prompt: str) -> str:
    said, reasoning = of_run(run), "".join(run.reasoning)
    calls = run.finished.tool_calls if run.finished is not None else []
    wanted = f"→ {', '.join(call.name for call in calls)}" if calls else ""
    return tags.folded(
        run.name,
        " ".join([run.model if run.model != run.name else "", wanted]).strip(),
        [
            prompt,
            tags.pre(reasoning, "reasoning", "reasoning") if reasoning else "",
            *(tags.pre(text, kind="block" * (channel == "block")) for channel, text in said),
            *(tags.pre(f"{call.name}({arguments(call.args)})", "tool call") for call in calls),
            tags.failure(run.finished.error if run.finished is not None else None),
        ],
        what=facts.llm_facts(run),
        kind="model",
        # Others decide on what follows, or repeat the answer.
        unfolded=bool(said) and run.call is not None,
        bar=_bar(_span(run), around),
    )


def _tool(one: Step, run: ToolRun, around: _Span, prompts: Mapping[str, str]) -> str:
    output, span = facts.observed(run), _span(run)
    seen = tags.pre(output, "observation") if output else ""
    return tags.folded(
        run.tool,
        arguments(run.tool_input),
        [
            *(_step(inner, span, prompts) for inner in one.inside),
            tags.labelled("observation: the text above") if one.shows(output) else seen,
            *(tags.pre(artifact, "artifact", "block") for artifact in facts.artifacts(run)),
            tags.failure(facts.raised(run)),
        ],
        what=facts.tool_facts(run),
        kind="tool failed" if facts.failed(run) else "tool",
        unfolded=True,
        bar=_bar(span, around),
    )


def _span(run: LlmRun | ToolRun) -> _Span:
    duration = run.finished.duration_s if run.finished is not None else None
    return _Span(epoch(run.started_ts) or 0.0, duration or 0.0)


def _bar(span: _Span, around: _Span) -> str:
    """A thin line that shows when a step ran, relative to what it ran inside."""
    if not (span.began and span.length and around.length > 0):
        return ""
    left = min(100.0, max(0.0, 100 * (span.began - around.began) / around.length))
    width = min(100 - left, max(0.5, 100 * span.length / around.length))
    return (
        '<svg class="when" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="{left:.2f}" width="{width:.2f}" height="1"/></svg>'
    )
