"""The graphs among the shapes of tests/support, each by its name in `configurable.shape`."""

from typing import Any

from langgraph.pregel import Pregel

from tests.support.shapes import SHAPES, Shape

BY_NAME = {shape.name: shape for shape in SHAPES}


def graph_of(shape: Shape) -> tuple[Any, Any]:
    """A new graph of this shape, without what a server has of its own, and its input."""
    made = shape.make()
    graph, given = made if isinstance(made, tuple) else (made, shape.input)
    assert isinstance(graph, Pregel)
    if hasattr(graph.checkpointer, "get_tuple"):
        graph.checkpointer = None
    graph.store = None
    return graph, given


def shape(config: dict[str, Any]) -> Any:
    """The graph that is asked for."""
    return graph_of(BY_NAME[config.get("configurable", {}).get("shape", "single")])[0]
