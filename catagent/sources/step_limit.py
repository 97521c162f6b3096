"""How often each agent has decided on tool calls, and may."""

from __future__ import annotations

from catagent.errors import StepLimitError
from catagent.sources.span import Span


class Steps:
    """The decisions of a run: every agent in it has `max_steps` of them."""

    def __init__(self, max_steps: int) -> None:
        self._max_steps = max_steps
        self._counted: dict[str, set[str]] = {}

    def count(self, llm: Span) -> None:
        """The tools that this model run called for are being run: one step of its agent."""
        self._counted.setdefault(llm.scope, set()).add(llm.run_id)

    def act(self, llm: Span) -> None:
        """An executor runs a tool. Raises StepLimitError where that would be a step too many."""
        if llm.run_id not in self._counted.get(llm.scope, ()):
            error = self.over_limit(llm)
            if error is not None:
                raise error
        self.count(llm)

    def over_limit(self, llm: Span) -> StepLimitError | None:
        """The error of an agent that has taken all of its steps, and wants another."""
        if len(self._counted.get(llm.scope, ())) < self._max_steps:
            return None
        return step_limit(self._max_steps)


def step_limit(max_steps: int) -> StepLimitError:
    """The error of an agent that goes on and on."""
    return StepLimitError(
        f"The agent was stopped after {max_steps} steps without an answer.",
        hint=f"allow more with --max-steps (now {max_steps})",
    )
