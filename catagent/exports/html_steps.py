"""The steps of the HTML page, which fold, and when each of them happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catagent.events import types as ev
from catagent.events.said import of_run
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.events.timestamps import epoch
from catagent.exports import facts, tags
from catagent.exports.outline import Step
from catagent.views.format import arguments
from catagent.views.graph import answers, questions


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a run or a tool call took: when it began, and its length in seconds."""

    began: float
    length: float

    @classmethod
    def of(cls, state: RunState) -> Span:
        """The span of a run from its first step on; before that is start-up."""
        began = epoch(state.order[0].started_ts) if state.order else None
        ended = epoch(state.last_ts)
        if began is None or ended is None:
            return cls(0.0, 0.0)
        return cls(began, ended - began)

    def within(self, ts: str, duration: float | None) -> Span:
        """The span of a step, for what ran inside it."""
        return Span(epoch(ts) or 0.0, duration or 0.0)

    def bar(self, ts: str, duration: float | None) -> str:
        """A thin line that shows when a step ran, relative to what it ran inside."""
        began = epoch(ts)
        if began is None or duration is None or self.length <= 0:
            return ""
        left = min(100.0, max(0.0, 100 * (began - self.began) / self.length))
        width = min(100 - left, max(0.5, 100 * duration / self.length))
        rect = f'<rect x="{left:.2f}" width="{width:.2f}" height="1"/>'
        return (
            '<svg class="when" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
            f"{rect}</svg>"
        )


def step(one: Step, span: Span, prompts: Mapping[str, str]) -> Iterator[str]:
    """Yield the elements of one step and of all inside it.

    `prompts` has the HTML of what models were sent, by run id.
    """
    match one.what:
        case LlmRun() as run:
            yield from _model(run, span, prompts.get(run.run_id, ""))
        case ToolRun() as run:
            yield from _tool(one, run, span, prompts)
        case ev.Interrupt(data=data):
            asked = "\n\n".join(["Waits for an answer:", *questions(data)])
            yield tags.notice("warning", asked, *answers(data))
        case event:
            text = facts.happened(event)
            yield tags.event(text) if text else ""


def _model(run: LlmRun, span: Span, prompt: str) -> Iterator[str]:
    said, reasoning = of_run(run), "".join(run.reasoning)
    # Others decide on what follows, or repeat the answer.
    folded = " open" if said and run.call is not None else ""
    yield f'<details class="model"{folded}>'
    yield tags.summary(run.name, _asked(run), facts.llm_facts(run))
    duration = run.finished.duration_s if run.finished is not None else None
    yield f'{span.bar(run.started_ts, duration)}<div class="inside">{prompt}'
    if reasoning:
        yield tags.label("reasoning") + tags.pre(reasoning, "reasoning")
    for channel, text in said:
        yield tags.pre(text, "block" if channel == "block" else "")
    if run.finished is not None:
        for call in run.finished.tool_calls:
            yield tags.label("tool call") + tags.pre(f"{call.name}({arguments(call.args)})")
        if error := run.finished.error:
            yield tags.notice("error", error.message, error.hint, *facts.error_details(error))
    yield "</div></details>"


def _asked(run: LlmRun) -> str:
    """Which model it was, and which tools it called."""
    calls = run.finished.tool_calls if run.finished is not None else []
    wanted = f"→ {', '.join(call.name for call in calls)}" if calls else ""
    return " ".join([run.model if run.model != run.name else "", wanted]).strip()


def _tool(one: Step, run: ToolRun, span: Span, prompts: Mapping[str, str]) -> Iterator[str]:
    failed = " failed" if facts.failed(run) else ""
    asked = arguments(run.tool_input)
    yield f'<details class="tool{failed}" open>'
    yield tags.summary(run.tool, asked, facts.tool_facts(run))
    duration = run.finished.duration_s if run.finished is not None else None
    yield f'{span.bar(run.started_ts, duration)}<div class="inside">'
    inside = span.within(run.started_ts, duration)
    for inner in one.inside:
        yield from step(inner, inside, prompts)
    output = facts.observed(run)
    if one.shows(output):
        yield tags.label("observation: the text above")
    elif output:
        yield tags.label("observation") + tags.pre(output)
    for artifact in facts.artifacts(run):
        yield tags.label("artifact") + tags.pre(artifact, "block")
    if error := facts.raised(run):
        yield tags.notice("error", error.message, error.hint, *facts.error_details(error))
    yield "</div></details>"
