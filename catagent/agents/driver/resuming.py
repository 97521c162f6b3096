"""Goes on with a graph that waits: what it waits for by now, and the input that answers it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from .kinds import UnusableError, is_a, unbound


async def resumed(agent: Any, name: str, config: Any, answers: Mapping[str, Any]) -> Any:
    """The input that goes on with a graph: `answers` by the ids of its interrupts.

    An id is empty where the graph was compiled to stop, or LangGraph is older than 0.4. Raises
    UnusableError for what is no graph, and where it does not wait for that.
    """
    graph = unbound(agent)
    if not is_a(graph, "Pregel"):
        hint = "bring the graph on its own: what is around it would begin anew"
        raise UnusableError(f"the agent {name} is no graph, and cannot go on", hint)
    state = await either(graph, "get_state", config)
    if not state.values and not state.next:
        raise UnusableError(
            f"nothing is kept of the thread {config['configurable']['thread_id']}",
            "ask again: its state went with the process, or its thread was removed",
        )
    waiting = {str(getattr(each, "id", "")) for task in state.tasks for each in task.interrupts}
    if not state.next or not answers.keys() <= waiting | {""}:
        hint = "catagent runs lists those that wait"
        raise UnusableError("the run does not wait for this any more: its thread went on", hint)
    values = {key: value for key, value in answers.items() if key or waiting}
    if not values:
        return None
    types: Any = importlib.import_module("langgraph.types")
    return types.Command(resume=values.get("", values))


async def either(owner: Any, name: str, *given: Any, **more: Any) -> Any:
    """What the method of a graph or checkpointer returns, of which that may know but one way."""
    try:
        return await getattr(owner, f"a{name}")(*given, **more)
    except NotImplementedError:
        return getattr(owner, name)(*given, **more)
