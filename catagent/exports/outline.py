"""A run as a tree: each tool call, and inside it the models and the calls that it made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from catagent.events import types as ev
from catagent.events.state import LlmRun, RunState, ToolRun, reduce


@dataclass(slots=True)
class Step:
    """A call of a model or a tool, and what happened inside it, in order; or a lone event."""

    what: LlmRun | ToolRun | ev.Update | ev.Interrupt | ev.Node
    depth: int = 0
    inside: list[Step] = field(default_factory=list)

    def shows(self, output: str) -> bool:
        """Whether a model inside wrote exactly this text."""
        texts = ("".join(s.what.text) for s in self.inside if isinstance(s.what, LlmRun))
        return any(text.strip() == output.strip() for text in texts)


def final_state(events: Iterable[ev.Event]) -> RunState:
    """The state of a run after all of its events."""
    return outline(events)[0]


def outline(events: Iterable[ev.Event]) -> tuple[RunState, list[Step]]:
    """Return the state of a run and its own steps; what a tool did is inside its step."""
    state, roots = RunState(), list[Step]()
    tools: dict[str, Step] = {}
    for event in events:
        known = len(state.order)
        reduce(state, event)
        call = None if isinstance(event, ev.Unknown) else event.call
        for what in _new(event, state.order[known:]):
            around = ev.outer_call(what.call) if isinstance(what, ToolRun) else call
            parent = tools.get(around or "")
            step = Step(what, 0 if parent is None else parent.depth + 1)
            (roots if parent is None else parent.inside).append(step)
            if isinstance(what, ToolRun):
                tools[what.call] = (
                    step if parent is None or step.depth < ev.DEEPEST_CALL else parent
                )
    return state, roots


def _new(
    event: ev.Event, runs: list[LlmRun | ToolRun]
) -> Iterable[LlmRun | ToolRun | ev.Update | ev.Interrupt | ev.Node]:
    """What first appeared with an event: the call that it is of, or the event itself."""
    if isinstance(event, ev.Update | ev.Interrupt):
        return [event]
    return [event] if isinstance(event, ev.Node) and event.data.kind == "custom" else runs
