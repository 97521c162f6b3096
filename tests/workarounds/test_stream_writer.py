"""The writer of a graph's stream, relayed: who wrote, and nothing lost to others who read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig

from catagent.workarounds.stream_writer import relayed
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
