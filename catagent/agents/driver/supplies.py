"""What LangGraph's server supplies an agent with where its developer has brought none of it."""

from __future__ import annotations

import importlib
from functools import cached_property
from typing import Any


class Supplies:
    """A store in memory, for one run."""

    @cached_property
    def store(self) -> Any:
        """The store, made where it is asked for; None where LangGraph has none, as before 0.2."""
        try:
            return importlib.import_module("langgraph.store.memory").InMemoryStore()
        except (ImportError, AttributeError):
            return None
