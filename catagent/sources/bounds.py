"""What ends a run that goes on for too long: steps, tokens, money; and how it does.

A turn is a decision on tool calls or, in a graph, a superstep in which a node asks a model. So an
agent without tools is bounded as well, and a fan-out over many documents is a single turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from catagent.errors import CatagentError, StepLimitError
from catagent.sources.budget import Budget
from catagent.sources.span import Span

# What a step may take that is not counted as one: model calls in a loop of a person's own. For a
# graph, supersteps: two a step, and one for every middleware hook.
_BACKSTOP = 20


class Bounds:
    """The limits of one run. `error` is that of the limit which ended it, once one has.

    Every agent decides `max_steps` times on tool calls, and answers. So does every node of a graph:
    what goes in circles comes by the same one again. An agent may catch what is raised here, and go
    on. It does not get far: whatever it begins next raises the same, and cancels the run.
    """

    def __init__(
        self, max_steps: float, budget: Budget, cancel: Callable[[CatagentError], None]
    ) -> None:
        self.error: CatagentError | None = None
        self.budget = budget
        self._max_steps = max_steps
        self._cancel = cancel
        self._decided: defaultdict[str, set[str]] = defaultdict(set)
        self._taken: defaultdict[object, set[object]] = defaultdict(set)

    def begin(self, span: Span) -> None:
        """Something begins: not after the end, and a node not for ever. Raises the error."""
        if self.error is not None:
            self._cancel(self.error)
            raise self.error
        if span.is_node:
            self._take(("graph", *span.parent_ids[-1:]), span.superstep)

    def ask(self, llm: Span, around: Iterable[Span]) -> None:
        """A model is to be asked. Raises the error of a limit that does not allow it.

        `around` are the nodes that the model runs inside of, the innermost first, and last the tool
        or the root that they run inside of.
        """
        turn: tuple[object, ...] = (llm.run_id,)
        for span in around:
            self._take(span.run_id, turn)
            turn = (span.run_id,)
            if span.is_node and span.superstep is not None:
                turn = (*span.parent_ids[-1:], span.node, span.superstep)
                self._take(turn[:-1], turn, self._max_steps + 1)
        self.end(self.budget.refuses(llm))

    def _take(self, whose: object, turn: object, most: float = 0) -> None:
        taken = self._taken[whose]
        taken.add(turn)
        if len(taken) > (most or _BACKSTOP * (self._max_steps + 1)):
            self.end(self._step_limit())

    def count(self, llm: Span) -> None:
        """The tools that this model run called for are being run: one step of its agent."""
        self._decided[llm.scope].add(llm.run_id)

    def act(self, llm: Span) -> None:
        """An executor runs a tool. Raises the error where that is a step too many."""
        if llm.run_id not in self._decided[llm.scope]:
            self.end(self.over_limit(llm))
        self.count(llm)

    def over_limit(self, llm: Span) -> StepLimitError | None:
        """The error of an agent that has taken all of its steps, and wants another."""
        is_over = len(self._decided[llm.scope]) >= self._max_steps
        return self._step_limit() if is_over else None

    def end(self, error: CatagentError | None) -> None:
        """Raise what ends the run, if anything does."""
        self.error = self.error or error
        if self.error is not None:
            raise self.error

    def _step_limit(self) -> StepLimitError:
        return StepLimitError(
            f"The agent was stopped after {self._max_steps} steps without an answer.",
            hint=f"allow more with --max-steps (now {self._max_steps})",
        )
