"""Closes what a turn left open, cut or failed or given up, where the next one begins.

Providers refuse a conversation in which a tool call has no result.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from .inputs import input_taken
from .kinds import is_a, unbound
from .resuming import either, resumed
from .supplies import FORGETFUL

_STOPPED = "The turn was stopped before this tool returned."
# What adds to a state; any other channel is replaced by an input, and nothing is left open.
_ADDING = ("BinaryOperatorAggregate", "DeltaChannel")


async def next_input(
    agent: Any, name: str, config: Any, given: Any, answers: Mapping[str, Any] | None, passed: Any
) -> Any:
    """What to run an agent on: a question's input, or `answers` by the ids of interrupts.

    A breakpoint of ours, of which `passed` has the id, only lets it pass. Raises UnusableError.
    """
    if answers is None:
        return await mended(agent, config, given)
    unpassed = {key: each for key, each in answers.items() if key not in passed}
    return await resumed(agent, name, config, unpassed)


async def mended(agent: Any, config: Any, given: Any) -> Any:
    """A question's input with what closes the last turn in front; as it is for all but a graph.

    Parts of that turn that had finished keep their messages; a call without a result gets an error
    for one. `config` names the thread.
    """
    graph = unbound(agent)
    if not _keeps(graph):
        return given
    state = await either(graph, "get_state", config)
    known = input_taken(graph).fields if isinstance(given, dict) else ()
    closing = dict(_closing(graph, state))
    await _close(graph, config, state, {k: closing[k] for k in closing if k not in known})
    ahead = {key: closing[key] + _listed(given.get(key)) for key in closing if key in known}
    return {**given, **ahead} if ahead else given


async def undone(agent: Any, config: Any) -> None:
    """Take the last turn out of a thread that the agent's own checkpointer keeps, if it has one."""
    graph = unbound(agent)
    if not _keeps(graph) or is_a(graph.checkpointer, *FORGETFUL):
        return
    state = await either(graph, "get_state", config)
    while state.parent_config and state.metadata["source"] != "input":
        state = await either(graph, "get_state", state.parent_config)
    if state.parent_config is None:
        thread_id = config["configurable"]["thread_id"]
        await either(graph.checkpointer, "delete_thread", thread_id)
        return
    before = await either(graph, "get_state", state.parent_config)
    copy = await either(graph, "update_state", before.config, None, as_node="__copy__")
    await _close(graph, copy, before, dict(_closing(graph, before)))  # which a copy does not have


async def _close(graph: Any, config: Any, state: Any, closing: Mapping[str, list[Any]]) -> None:
    """Add these to a state as if a node that was to run next had done so."""
    node = next(iter(state.next), None)
    for key, messages in closing.items():
        config = await either(graph, "update_state", config, {key: messages}, as_node=node)


def _keeps(graph: Any) -> bool:
    return is_a(graph, "Pregel") and hasattr(graph.checkpointer, "get_tuple")


def _closing(graph: Any, state: Any) -> Iterable[tuple[str, list[Any]]]:
    """By key, what parts of the last step had finished with, and results for the calls left."""
    values = state.values if isinstance(state.values, dict) else {}
    for key, found in values.items():
        if not (isinstance(found, list) and is_a(graph.channels.get(key), *_ADDING)):
            continue
        results = (getattr(task, "result", None) for task in state.tasks)
        finished = [m for each in results if isinstance(each, dict) for m in _listed(each.get(key))]
        if messages := [*finished, *map(_error, _open_calls([*found, *finished]))]:
            yield key, messages


def _listed(messages: Any) -> list[Any]:
    return messages if isinstance(messages, list) else [messages] if messages else []


def _open_calls(messages: Iterable[Any]) -> list[Any]:
    """The calls that no result follows. Their ids may repeat from one message to another."""
    open_calls: dict[str, Any] = {}
    for message in messages:
        for name in ("tool_calls", "invalid_tool_calls"):  # providers are sent both
            calls = getattr(message, name, None) or ()
            open_calls.update((call["id"], call) for call in calls if call["id"])
        open_calls.pop(getattr(message, "tool_call_id", ""), None)
    return list(open_calls.values())


def _error(call: Any) -> Any:
    messages = importlib.import_module("langchain_core.messages")
    return messages.ToolMessage(
        _STOPPED, tool_call_id=call["id"], name=call["name"], status="error"
    )
