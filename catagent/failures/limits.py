"""Limits that an agent's author set, in the words of LangGraph, LangChain and its middleware."""

from __future__ import annotations

import re

from catagent.errors import StepLimitError

# Of a graph and of a RunnableLambda that goes on returning another, both raised; what stands in the
# place of an answer, of AgentExecutor and `create_react_agent`; and of middleware, in both places.
_SENTENCES = re.compile(
    r"Recursion limit (of \d+ reached|reached when invoking)"
    r"|Agent stopped due to (iteration limit or time limit|max iterations)\."
    r"|Sorry, need more steps to process this request\."
    r"|Model call limits exceeded: (thread|run) limit \("
    r"|('.*' tool|Tool) call limit reached: (thread|run) limit exceeded \("
)


def author_limit(said: str) -> StepLimitError | None:
    """The error of a limit of the author's that says so, None for whatever else is said."""
    if _SENTENCES.match(said) is None:
        return None
    message = f"The agent was stopped by its author's limit: {said.partition('. ')[0].rstrip('.')}."
    return StepLimitError(
        message, "allow more where the agent is made: --max-steps cannot raise it"
    )
