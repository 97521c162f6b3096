"""A run as a tree: each tool call, and inside it the models and the calls that it made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from catagent.events.state import LlmRun, RunState, ToolRun, reduce
from catagent.events.types import Event, outer_call

# Deeper than any agent nests. What a recording nests deeper is put alongside instead.
DEEPEST = 32


@dataclass(slots=True)
class Step:
    """One call of a model or a tool, and what happened inside it, in order."""

    run: LlmRun | ToolRun
    depth: int = 0
    inside: list[Step] = field(default_factory=list)

    def shows(self, output: str) -> bool:
        """Whether a model inside wrote exactly this text."""
        texts = ("".join(s.run.text) for s in self.inside if isinstance(s.run, LlmRun))
        return any(text.strip() == output.strip() for text in texts)


def final_state(events: Sequence[Event]) -> RunState:
    """The state of a run after all of its events."""
    state = RunState()
    for event in events:
        reduce(state, event)
    return state


def outline(state: RunState) -> list[Step]:
    """Return the steps of the run itself; what a tool did is inside its step."""
    roots: list[Step] = []
    tools: dict[str, Step] = {}
    for run in state.order:
        parent = tools.get(_around(run) or "")
        step = Step(run, 0 if parent is None else parent.depth + 1)
        (roots if parent is None else parent.inside).append(step)
        if isinstance(run, ToolRun):
            tools[run.call] = step if parent is None or step.depth < DEEPEST else parent
    return roots


def _around(run: LlmRun | ToolRun) -> str | None:
    """The key of the call that a step happened inside."""
    return outer_call(run.call) if isinstance(run, ToolRun) else run.call
