"""What a graph hands on to the graph that it is a node of."""

from __future__ import annotations

from typing import Any

from .kinds import is_a
from .needs import parts_of


def hand_on_outputs(agent: Any) -> None:
    """Change the graphs in an agent that are nodes, so that each hands on its output alone.

    LangGraph hands on the whole of their state where models stream, as they do for us.
    """
    for node in list(parts_of(agent)):
        keys = getattr(getattr(node, "bound", None), "output_channels", None)
        first = node.writers[0] if is_a(node, "PregelNode") and node.writers else None
        if first is None or not isinstance(keys, list) or is_a(first.func, "_Output"):
            continue
        # The class that writers are of is called the same in all versions, wherever it is.
        kinds = {kind.__name__: kind for kind in type(first).__mro__}
        node.writers.insert(0, kinds["RunnableCallable"](_Output(keys), name="", trace=False))
        for cached in ("node", "flat_writers"):
            vars(node).pop(cached, None)


class _Output:
    """Leaves these keys of a state, and a command to the graph outside as it is."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys

    def __call__(self, state: Any) -> Any:
        if not isinstance(state, dict):
            return state
        return {key: state[key] for key in self.keys if key in state}
