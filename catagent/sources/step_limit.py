"""How many turns each agent of a run has taken, and may take.

A turn is a decision on tool calls or, in a graph, a superstep in which a node asks a model. So an
agent without tools is bounded as well, and a fan-out over many documents is a single turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from catagent.errors import StepLimitError
from catagent.sources.span import Span

# What a step may take that is not counted as one: model calls in a loop of a person's own. For a
# graph, supersteps: two a step, and one for every middleware hook.
_BACKSTOP = 20


def backstop(max_steps: int) -> int:
    """The most supersteps of a graph, or model calls of a plain loop, where nobody set a limit."""
    return _BACKSTOP * (max_steps + 1)


class Steps:
    """The turns of a run: every agent in it decides `max_steps` times on tool calls, and answers.

    So does every node of a graph: what goes in circles comes by the same one again.
    """

    def __init__(self, max_steps: int) -> None:
        self._max_steps = max_steps
        self._decided: defaultdict[str, set[str]] = defaultdict(set)
        self._asked: defaultdict[object, set[object]] = defaultdict(set)

    def count(self, llm: Span) -> None:
        """The tools that this model run called for are being run: one step of its agent."""
        self._decided[llm.scope].add(llm.run_id)

    def act(self, llm: Span) -> StepLimitError | None:
        """An executor runs a tool. The error where that is a step too many."""
        error = None if llm.run_id in self._decided[llm.scope] else self.over_limit(llm)
        self.count(llm)
        return error

    def over_limit(self, llm: Span) -> StepLimitError | None:
        """The error of an agent that has taken all of its steps, and wants another."""
        return self._error(len(self._decided[llm.scope]), self._max_steps - 1)

    def enter(self, node: Span) -> StepLimitError | None:
        """The error of a graph that goes on and on, whatever its nodes do."""
        graph = node.parent_ids[-1] if node.parent_ids else ""
        return self._take(("graph", graph), node.superstep, backstop(self._max_steps))

    def ask(self, llm: Span, around: Iterable[Span]) -> StepLimitError | None:
        """The error of an agent that wants to ask a model once too often.

        `around` are the nodes that the model runs inside of, the innermost first, and last the tool
        or the root that they run inside of.
        """
        turns, calls = self._max_steps + 1, backstop(self._max_steps)
        errors: list[StepLimitError | None] = []
        turn: tuple[object, ...] = (llm.run_id,)
        for span in around:
            errors.append(self._take(span.run_id, turn, calls))
            turn = (span.run_id,)
            if span.is_node and span.superstep is not None:
                turn = (*span.parent_ids[-1:], span.node, span.superstep)
                errors.append(self._take(turn[:-1], turn, turns))
        return next(filter(None, errors), None)

    def _take(self, whose: object, turn: object, most: int) -> StepLimitError | None:
        taken = self._asked[whose]
        taken.add(turn)
        return self._error(len(taken), most)

    def _error(self, taken: int, most: int) -> StepLimitError | None:
        return step_limit(self._max_steps) if taken > most else None


def step_limit(max_steps: int) -> StepLimitError:
    """The error of an agent that goes on and on."""
    return StepLimitError(
        f"The agent was stopped after {max_steps} steps without an answer.",
        hint=f"allow more with --max-steps (now {max_steps})",
    )
