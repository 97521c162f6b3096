"""Limits that an agent's author set, as LangGraph, LangChain and its middleware report them."""

from __future__ import annotations

import re

from catagent.errors import StepLimitError

_OF_GRAPH = re.compile(r"Recursion limit of (\d+)")
_OF_MIDDLEWARE = frozenset({"ModelCallLimitExceededError", "ToolCallLimitExceededError"})
# The RecursionError of a RunnableLambda that goes on returning another.
_OF_CHAIN = "Recursion limit reached when invoking"
_HINT = "allow more where the agent is made: --max-steps cannot raise it"


def author_allows(what: str) -> StepLimitError:
    """The error of an agent that has taken all that its author allows: `what`, in words."""
    return StepLimitError(f"The agent was stopped: its author allows {what}.", _HINT)


def author_stopped(said: str) -> StepLimitError:
    """The error of an agent that says itself which limit of its author's stopped it."""
    return StepLimitError(f"The agent was stopped by its author's limit: {said}", _HINT)


def author_limit(raised: BaseException) -> StepLimitError | None:
    """The error of a limit of the author's, None for whatever else an agent raised."""
    names = {kind.__name__ for kind in type(raised).__mro__}
    if "GraphRecursionError" in names:
        found = _OF_GRAPH.search(str(raised))
        return author_allows(f"{found[1] if found else 'no more'} supersteps (recursion_limit)")
    in_circles = isinstance(raised, RecursionError) and str(raised).startswith(_OF_CHAIN)
    return author_stopped(str(raised)) if in_circles or names & _OF_MIDDLEWARE else None
