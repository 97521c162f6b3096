"""Who decided on which tool call, and how often each agent has decided."""

from __future__ import annotations

from langchain_core.messages import AIMessage, BaseMessage

from catagent.errors import StepLimitError
from catagent.sources.span import Span


class Decisions:
    """The model runs that decided on tool calls. An agent has `max_steps` decisions."""

    def __init__(self, max_steps: int) -> None:
        self._max_steps = max_steps
        self._authors: dict[str | None, Span] = {}
        self._deciders: dict[str, Span] = {}
        self._counted: dict[str, set[str]] = {}

    def wrote(self, llm: Span, message: AIMessage) -> None:
        """Take note of the author of a message."""
        if message.id is not None:
            self._authors[message.id] = llm

    def decided(self, llm: Span, message: AIMessage) -> StepLimitError | None:
        """Take note of the tool calls in a message; the error if its agent may not go on."""
        for call in message.tool_calls:
            self._deciders[call["id"] or ""] = llm
        return self._over_limit(llm) if message.tool_calls else None

    def decider(self, call_id: str | None, message: BaseMessage | None = None) -> Span | None:
        """The model run that wrote a message, or decided on a tool call."""
        if message is not None and message.id in self._authors:
            return self._authors[message.id]
        return self._deciders.get(call_id or "")

    def count(self, llm: Span) -> None:
        """The tools that this model run called for are being run: one step of its agent."""
        self._counted.setdefault(llm.scope, set()).add(llm.run_id)

    def act(self, llm: Span) -> None:
        """An executor runs a tool. Raises StepLimitError where that would be a step too many."""
        if llm.run_id not in self._counted.get(llm.scope, ()):
            error = self._over_limit(llm)
            if error is not None:
                raise error
        self.count(llm)

    def _over_limit(self, llm: Span) -> StepLimitError | None:
        if len(self._counted.get(llm.scope, ())) < self._max_steps:
            return None
        return step_limit(self._max_steps)


def step_limit(max_steps: int) -> StepLimitError:
    """The error of an agent that goes on and on."""
    return StepLimitError(
        f"The agent was stopped after {max_steps} steps without an answer.",
        hint=f"allow more with --max-steps (now {max_steps})",
    )
