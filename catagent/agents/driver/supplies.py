"""What LangGraph's server supplies an agent with where its developer has brought none of it."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any

from .keeping import UnkeptError, copy, thread_saver, unwritable
from .kinds import UnusableError, is_a, unbound
from .needs import parts_of

# An in-memory checkpointer forgets with the process; the last is ours, of an earlier turn.
FORGETFUL = ("InMemorySaver", "MemorySaver", "ThreadSaver")
_VERSIONS = {"channel_versions", "versions_seen"}


class Supplies:
    """A store in memory and a checkpointer for one run; left out where LangGraph has none.

    The checkpointer is on the file of a `thread`, where there is one, else in memory.
    """

    def __init__(self, thread: str = "") -> None:
        self._thread, self._agent = thread, None
        self._graph: Any = None

    @cached_property
    def store(self) -> Any:
        """The store, made where it is asked for; None before LangGraph 0.2."""
        try:
            return importlib.import_module("langgraph.store.memory").InMemoryStore()
        except (ImportError, AttributeError):
            return None

    @cached_property
    def checkpointer(self) -> Any:
        """In memory it keeps the objects in a state themselves, whatever they are."""
        if self._thread:
            return thread_saver(self._thread, self._agent)
        memory: Any = importlib.import_module("langgraph.checkpoint.memory")
        return memory.InMemorySaver(serde=_AsTheyAre())

    def supply(self, agent: Any) -> dict[str, Any]:
        """Put them where none is compiled in, and return what else to call the agent with.

        The store goes into every graph in the agent, the checkpointer into the one that it is, in
        the place of one in memory. A step is kept before the next one begins: a process may be
        killed in that. Ours in memory is for LangGraph 0.6 or later, and keeps the end alone: for
        each step it would take a third longer, where the steps themselves do nothing.
        Raises UnusableError for a thread of what has no memory.
        """
        for part in parts_of(agent):
            if is_a(part, "Pregel") and getattr(part, "store", self) is None:
                part.store = self.store
        graph = self._graph = unbound(agent)
        self._agent = agent
        if not is_a(graph, "Pregel") or graph.checkpointer is False:
            if self._thread:
                hint = "leave --thread out, or bring a graph of LangGraph's"
                raise UnusableError("the agent has no memory for a thread: it is no graph", hint)
            return {}
        if not (graph.checkpointer is None or is_a(graph.checkpointer, *FORGETFUL)):
            return {}
        has_durability = "durability" in inspect.signature(graph.astream).parameters
        if self._thread or has_durability:
            graph.checkpointer = self.checkpointer
        return {"durability": "sync" if self._thread else "exit"} if has_durability else {}

    def lost(self, keep: str = "") -> str:
        """Why a pause cannot be gone on with in another process; empty where it can be.

        What was kept in memory is copied to the file `keep`, where one is given.
        """
        if not getattr(self._graph, "checkpointer", None):
            return "The agent has no memory of what it has done."
        if self._thread or "checkpointer" not in vars(self):  # its own has it
            return ""
        serde: Any = importlib.import_module("langgraph.checkpoint.serde.jsonplus")
        states = [kept.checkpoint["channel_values"] for kept in self.checkpointer.list(None)]
        values = [each for state in states for each in state.items()]
        if keys := unwritable(values, serde.JsonPlusSerializer()):
            return f"The state of the agent cannot be stored: {', '.join(keys)}."
        return self._copied(keep) if keep else ""

    def _copied(self, path: str) -> str:
        try:
            saver = thread_saver(path, self._agent)
            with contextlib.closing(saver.conn):
                copy(self.checkpointer, saver)
        except (UnkeptError, UnusableError) as error:
            for end in ("", "-wal", "-shm"):
                Path(path + end).unlink(missing_ok=True)
            return ": ".join(filter(None, error.args))
        return ""

    def close(self) -> None:
        """Close the file of the thread."""
        if self._thread and "checkpointer" in vars(self):
            with self.checkpointer.lock:  # a step of a run that was cut may still be written
                self.checkpointer.conn.close()


class _AsTheyAre:
    """Serialises nothing: a copy for each step would be quadratic, and a lock has none.

    But LangGraph changes what a checkpoint says of versions, as it goes on from there.
    """

    def dumps_typed(self, value: Any) -> tuple[str, Any]:
        return "object", value

    def loads_typed(self, kept: tuple[str, Any]) -> Any:
        value = kept[1]
        if isinstance(value, dict) and value.keys() >= _VERSIONS:
            return {**value, **deepcopy({key: value[key] for key in _VERSIONS})}
        return value
