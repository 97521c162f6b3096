"""Closes what a turn left open, cut or failed or given up, where the next one begins.

Providers refuse a conversation in which a tool call has no result.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable
from typing import Any

from .inputs import input_taken
from .kinds import is_a, unbound

_STOPPED = "The turn was stopped before this tool returned."
# What adds to a state; any other channel is replaced by an input, and nothing is left open.
_ADDING = ("BinaryOperatorAggregate", "DeltaChannel")


async def mended(agent: Any, config: Any, given: Any) -> tuple[Any, bool]:
    """A question's input with what closes the last turn in front, and whether that waited.

    Parts of it that had finished keep their messages; a call without a result gets an error for
    one. `config` names the thread, `agent` has the checkpointer. As it is for anything but a graph.
    """
    graph = unbound(agent)
    if not (is_a(graph, "Pregel") and hasattr(graph.checkpointer, "get_tuple")):
        return given, False
    state = await _state_of(graph, config)
    known = input_taken(graph).fields
    for key, messages in _closing(graph, state):
        if isinstance(given, dict) and key in known:
            asked = given.get(key, [])
            asked = asked if isinstance(asked, list) else [asked]
            given = {**given, key: [*messages, *asked]}
        else:  # no input reaches it
            node = next(iter(state.next), None)
            config = await graph.aupdate_state(config, {key: messages}, as_node=node)
    return given, any(task.interrupts for task in state.tasks)


async def _state_of(graph: Any, config: Any) -> Any:
    try:
        return await graph.aget_state(config)
    except NotImplementedError:  # its checkpointer is synchronous alone
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, graph.get_state, config)


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
