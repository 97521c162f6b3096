"""The writer of a graph's stream, relayed: who wrote, and nothing lost to others who read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableBinding, RunnableConfig
from langgraph.config import get_store
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.memory import InMemoryStore

from catagent.workarounds.stream_writer import relayed, with_store
from tests.workarounds.test_of_langchain import two_writers

pytestmark = pytest.mark.versions


class Starts(BaseCallbackHandler):
    """The names of runs by their ids."""

    run_inline = True

    def __init__(self) -> None:
        self.names: dict[str | None, str] = {}

    def on_chain_start(self, *args: Any, run_id: UUID, name: str = "", **more: Any) -> None:
        self.names[str(run_id)] = name


def test_what_nodes_write_is_relayed_with_their_run() -> None:
    starts, written = Starts(), list[tuple[str, Any]]()

    def write(run_id: str | None, data: Any) -> None:
        written.append((starts.names[run_id], data))

    config: RunnableConfig = {"callbacks": [starts], "configurable": relayed(write)}
    chunks = list(two_writers().stream({}, config, stream_mode=["custom"], version="v2"))
    assert sorted(written) == [("a", "written"), ("b", "written")]
    assert len(chunks) == 2


def test_a_graph_keeps_its_own_store_where_another_is_relayed() -> None:
    seen: list[Any] = []
    graph = StateGraph(MessagesState).add_node("see", lambda _: seen.append(get_store()))
    kept = InMemoryStore()
    alone = graph.add_edge(START, "see").compile(store=kept)
    bound = RunnableBinding(bound=alone, config_factories=with_store(alone))
    config: RunnableConfig = {"configurable": relayed(lambda *_: None, InMemoryStore())}
    for agent in (alone, bound):
        agent.invoke({"messages": []}, config)
    assert seen[0] is not kept, "LangGraph takes its own: nothing needs to be done any more"
    assert seen[1] is kept
