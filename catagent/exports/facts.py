"""A run as a tree of steps, and what every export says about it, in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import chain
from typing import Any

from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.said import repeats
from catagent.events.state import LlmRun, RunState, ToolRun, reduce
from catagent.events.summary import decided, has_failed, unsaid
from catagent.events.timestamps import moment
from catagent.views import graph
from catagent.views.format import compact, dollars, fields, seconds, tool_calls, used
from catagent.views.nodes import Nodes
from catagent.views.notes import where

UNFINISHED = "This recording is unfinished: it ends before the run did."
_STILL_OPEN = "unfinished"


@dataclass(slots=True)
class Step:
    """A call of a model or a tool, and what happened inside it, in order; or a line, or a pause."""

    what: LlmRun | ToolRun | ev.Interrupt | str
    depth: int = 0
    inside: list[Step] = field(default_factory=list)

    def shows(self, output: str) -> bool:
        """Whether a model inside, at any depth, wrote exactly this text."""
        texts = ("".join(s.what.text) for s in self.inside if isinstance(s.what, LlmRun))
        is_said = any(text.strip() == output.strip() for text in texts)
        return is_said or any(step.shows(output) for step in self.inside)


def final_state(events: Iterable[ev.Event]) -> RunState:
    """The state of a run after all of its events."""
    return outline(events)[0]


def outline(events: Iterable[ev.Event]) -> tuple[RunState, list[Step], dict[str, Any]]:
    """Return the state of a run, its own steps, and its agent's results beside the answer, by key.

    What a tool did is inside its step.
    """
    state, roots, nodes = RunState(), list[Step](), Nodes()
    tools: dict[str, Step] = {}
    for event in events:
        known = len(state.order)
        reduce(state, event)
        call = None if isinstance(event, ev.Unknown) else event.call
        for what in [*state.order[known:], *_lone(event, nodes)]:
            around = ev.outer_call(what.call) if isinstance(what, ToolRun) else call
            parent = tools.get(around or "")
            step = Step(what, 0 if parent is None else parent.depth + 1)
            (roots if parent is None else parent.inside).append(step)
            if isinstance(what, ToolRun):
                tools[what.call] = (
                    step if parent is None or step.depth < ev.DEEPEST_CALL else parent
                )
    return state, roots, nodes.results(state.finished.data) if state.finished else {}


def _lone(event: ev.Event, nodes: Nodes) -> Iterable[ev.Interrupt | str]:
    """An event that is no step: a pause, a retry, what a node changed, an agent sent, was found."""
    nodes.take(event)
    match event:
        case ev.Interrupt():
            return [event]
        case ev.Retry(data=data):
            return [f"retry {data.attempt} of {data.max_attempts}: {data.reason}"]
        case ev.Update():
            return nodes.line(event)
        case ev.Node(name=name, data=ev.NodeData(kind="custom" | "retriever", content=content)):
            return [name if content is None else f"{name}: {compact(content)}"]
        case ev.Unknown(type=kind, fields=found):
            return [f"{kind}: {compact(found)}"]
    return ()


def speaker(steps: Sequence[Step], answer: str) -> LlmRun | None:
    """The model whose words are the answer, which stand under its heading, as said."""
    runs = (step.what for step in reversed(steps) if isinstance(step.what, LlmRun))
    return next((run for run in runs if repeats(answer, "".join(run.text), run.blocks)), None)


def title(state: RunState, wanted: str | None) -> str:
    """Return the title on one line: the one that was asked for, or the question."""
    asked = state.started.data.input if state.started is not None else ""
    question = " ".join(fields(asked)) if asked else ""
    return " ".join((wanted or question or "A catagent run").split())


def facts(state: RunState) -> list[str]:
    """What ran, when, and what it came to."""
    ran: list[str | None] = []
    if state.started is not None:
        data, when = state.started.data, moment(state.started.ts)
        asked = state.finished.data.models if data.model is None and state.finished else []
        tools = f"tools: {data.tool_model}" if data.tool_model not in (None, data.model) else ""
        day = f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if when is not None else ""
        ran = [data.agent, data.model, *(model.model for model in asked), tools, data.mode, day]
    return [fact for fact in [*ran, ended(state), *_came_to(state)] if fact]


def paused(data: ev.InterruptData) -> str:
    """What a pause is called: where the run itself has waited, it went on, or says how it ended."""
    return "Waits for an answer" if data.in_place is UNSET else "Breakpoint"


def ended(state: RunState) -> str:
    """How a run ended, in a word or a few."""
    status = state.finished.data.status if state.finished is not None else _STILL_OPEN
    return "waits for an answer" if status == "interrupted" else status


def _came_to(state: RunState) -> list[str]:
    if state.finished is None:
        return []
    data, bad = state.finished.data, sum(map(failed, decided(state)))
    seen = sum(map(_seen, state.llms.values()))
    came = [tool_calls(data.tool_calls, bad), used(data.usage, seen), dollars(data)]
    return [seconds(data.duration_s), *came]


def llm_facts(run: LlmRun) -> list[str]:
    """What one call of a model came to."""
    data = run.finished
    if data is None:
        return [_STILL_OPEN]
    return [fact for fact in (used(data.usage, _seen(run)), seconds(data.duration_s)) if fact]


def _seen(run: LlmRun) -> int:
    """The tokens that were seen of a model that did not say how many there were."""
    return unsaid(run.finished.usage if run.finished is not None else None, run.tokens)


def tool_facts(run: ToolRun) -> list[str]:
    """What one tool call came to."""
    data = run.finished
    if data is None:
        return [] if run.observation is not None else [_STILL_OPEN]
    waits = "waits for an answer" if data.status == "interrupted" else ""
    cancelled = "cancelled" if data.status == "error" and not failed(run) else ""
    return [fact for fact in (waits, cancelled, seconds(data.duration_s)) if fact]


def observed(run: ToolRun) -> str:
    """What the agent observed, or what the tool returned if no agent observed it."""
    end = run.observation or run.finished
    return "" if end is None else end.output


def artifacts(run: ToolRun) -> list[str]:
    """What it returned besides what the agent observed, as JSON."""
    return graph.artifacts(run.observation) if run.observation is not None else []


def raised(run: ToolRun) -> ev.ErrorInfo | None:
    """What a tool raised where the agent observed nothing."""
    return run.finished.error if run.finished is not None and run.observation is None else None


def failed(run: ToolRun) -> bool:
    """Whether a tool call went wrong, other than by being cancelled."""
    return has_failed(run.finished, run.observation)


def error_details(error: ev.ErrorInfo) -> list[str]:
    """Where it went wrong, as far as it is known, and what else went wrong along with it."""
    others = ([other.message, *where(other)] for other in error.others)
    return [*where(error), *chain.from_iterable(others)]
