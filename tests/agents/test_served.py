"""The cat agent of a checkout on a LangGraph server, started with the documented command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client

from tests.support.agents import QUESTION
from tests.support.langgraph_dev import Server

pytestmark = pytest.mark.local_model
ROOT = Path(__file__).parents[2]
# Neither is made anew by a test: others run from there.
STAMPS = ("-o", ".venv/ready", "-o", ".venv/dev-ready")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """`make serve` in what is a checkout as far as it goes, so that its state stays out of ours."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    files = [ROOT / "Makefile", ROOT / "langgraph.json"]
    with Server(tmp_path, files, lambda port: ["make", "serve", f"PORT={port}", *STAMPS]) as server:
        yield server.url


def test_make_serve_serves_the_cat_agent_with_the_embedded_model(
    served: str, tmp_path: Path
) -> None:
    question: Any = {"messages": [{"role": "user", "content": QUESTION}]}
    with get_sync_client(url=served, api_key=None) as client:
        state: Any = client.runs.wait(None, "cat", input=question)
    calls = [call["name"] for each in state["messages"] for call in each.get("tool_calls", ())]
    assert calls == ["where_cat_is_hiding", "get_items"], state
