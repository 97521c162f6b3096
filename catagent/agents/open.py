"""Opens an agent by its name: a built-in one, or whatever stands at "module:attribute"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catagent.agents.code import find
from catagent.agents.driver.supplies import Supplies
from catagent.loading import registry
from catagent.models.factory import Models
from catagent.sources.base import AgentRun

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """A question for an agent, or its own input, and all that is needed to run it once.

    `context` is a graph's, None for its defaults. `resume` are answers to a run that waits, by the
    ids of its interrupts, None for a run of its own. `breaks`, `step`, `passed` and `frozen` are a
    Request's.
    """

    input: Any
    models: Models
    context: Mapping[str, Any] | None = None
    configurable: Mapping[str, Any] = field(default_factory=dict)
    config: RunnableConfig | None = None
    max_steps: int = 25
    raw: bool = False
    supplies: Supplies = field(default_factory=Supplies)
    resume: Mapping[str, Any] | None = None
    breaks: Sequence[str] = ()
    step: bool = False
    passed: Sequence[str] = ()
    frozen: Mapping[str, Any] | None = None


def open_agent(
    name: str, request: AgentRequest, found: Any = None
) -> AbstractAsyncContextManager[AgentRun]:
    """Find the agent called `name`, or the one at "module:attribute" or "file.py:attribute".

    One that was `found` already is taken. Return what is to be entered on the event loop of its
    run, and left after that. Either raises UsageError for an agent that is not there or is of no
    use, and what building its models raises.
    """
    found = find(name, registry.AGENTS, "agent") if found is None else found
    from catagent.agents.custom import adapted, made  # imports LangGraph

    return adapted(made(found, name, request), name, request)


async def describe_agent(name: str, request: AgentRequest) -> dict[str, Any]:
    """What the agent takes and gives, as `driver.describe` has it. Raises as `open_agent` does."""
    found = find(name, registry.AGENTS, "agent")
    from catagent.agents.custom import described, made

    return await described(made(found, name, request), name, request)


async def undo_agent(name: str, request: AgentRequest) -> None:
    """Have the agent take the last turn out of a thread of its own. Raises as `open_agent` does."""
    found = find(name, registry.AGENTS, "agent")
    from catagent.agents.custom import made, undo

    await undo(made(found, name, request), name, request)
