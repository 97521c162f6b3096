"""Where the state of a graph is handed to what runs in it: again and again, and whole.

The updates of its nodes tell it; repeated at every start it would make a recording quadratic.
"""

from __future__ import annotations

from typing import Any

from catagent.sources.span import Span


def begins_with_state(
    span: Span, parent: Span | None, inputs: Any, metadata: dict[str, Any]
) -> bool:
    """Whether a run begins with the state of its graph, as a node found it or has left it.

    A node that was sent to (LangGraph's Send) begins with what it was sent.
    """
    if span.is_node:
        return "__pregel_push" not in (metadata.get("langgraph_path") or ())
    return parent is not None and (_is_same(parent.state, inputs) or _chooses(parent, span, inputs))


def _chooses(node: Span, span: Span, inputs: Any) -> bool:
    """Whether it chooses the next node: LangGraph runs that as a last step of a node.

    Any other later step begins with what the one before it ended with, which is in the stream.
    """
    if not node.is_node or type(inputs) is not type(node.state):
        return False
    is_step = any(tag.startswith("seq:step:") and tag != "seq:step:1" for tag in span.tags)
    return is_step and (not isinstance(inputs, dict) or inputs.keys() >= node.state.keys())


def _is_same(state: Any, inputs: Any) -> bool:
    """Whether these are the values of a state, which LangGraph hands out in ever new dicts."""
    if not (isinstance(state, dict) and isinstance(inputs, dict)):
        return state is not None and state is inputs
    return state.keys() == inputs.keys() and all(state[key] is inputs[key] for key in state)
