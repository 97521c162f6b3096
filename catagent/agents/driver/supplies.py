"""What LangGraph's server supplies an agent with where its developer has brought none of it."""

from __future__ import annotations

import importlib
import inspect
from functools import cached_property
from typing import Any

from .kinds import is_a, unbound
from .needs import parts_of


class Supplies:
    """A store and a checkpointer, in memory, for one run; left out where LangGraph has none."""

    @cached_property
    def store(self) -> Any:
        """The store, made where it is asked for; None before LangGraph 0.2."""
        try:
            return importlib.import_module("langgraph.store.memory").InMemoryStore()
        except (ImportError, AttributeError):
            return None

    @cached_property
    def checkpointer(self) -> Any:
        """The checkpointer, which keeps the objects in a state themselves, whatever they are."""
        memory: Any = importlib.import_module("langgraph.checkpoint.memory")
        return memory.InMemorySaver(serde=_AsTheyAre())

    def supply(self, agent: Any) -> dict[str, Any]:
        """Put them where none is compiled in, and return what else to call the agent with.

        The store goes into every graph in the agent, the checkpointer into the one that it is, of
        LangGraph 0.6 or later: it keeps the end alone. For each step it would take a third longer,
        where the steps themselves do nothing.
        """
        for part in parts_of(agent):
            if is_a(part, "Pregel") and getattr(part, "store", self) is None:
                part.store = self.store
        graph = unbound(agent)
        if not is_a(graph, "Pregel") or graph.checkpointer is not None:
            return {}
        if "durability" not in inspect.signature(graph.astream).parameters:
            return {}
        graph.checkpointer = self.checkpointer
        return {"durability": "exit"}

    def lost(self) -> list[str]:
        """The keys of the kept states that could not be written down, and read elsewhere."""
        if "checkpointer" not in vars(self):  # nor is LangGraph to be imported for it
            return []
        serde: Any = importlib.import_module("langgraph.checkpoint.serde.jsonplus")
        states = [kept.checkpoint["channel_values"] for kept in self.checkpointer.list(None)]
        values = [each for state in states for each in state.items()]
        return sorted({k for k, v in values if not _is_writable(v, serde.JsonPlusSerializer())})


class _AsTheyAre:
    """Serialises nothing: a copy for each step would be quadratic, and a lock has none."""

    def dumps_typed(self, value: Any) -> tuple[str, Any]:
        return "object", value

    def loads_typed(self, kept: tuple[str, Any]) -> Any:
        return kept[1]


def _is_writable(value: Any, serde: Any) -> bool:
    try:
        return bool(serde.dumps_typed(value))
    except Exception:  # msgpack's, or of a class of the agent's
        return False
