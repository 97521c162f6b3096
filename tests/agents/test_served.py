"""The cat agent of a checkout on a LangGraph server, started with the documented command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agents import QUESTION
from tests.support.cli import catagent, environment, lines
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


def calls_of(home: Path, *options: str) -> list[Any]:
    """The tool calls of the README's question, asked on the embedded model."""
    asked = catagent("ask", QUESTION, "-o", "jsonl", *options, env=environment(home), timeout=90)
    assert asked.returncode == 0, asked.stderr
    calls = [each["data"] for each in lines(asked.stdout) if each["type"] == "action"]
    return [(call["tool"], sorted(call["tool_input"])) for call in calls]


@pytest.mark.timeout(300)  # the embedded model is asked twice, and wants both cores
def test_make_serve_serves_the_cat_agent_that_there_is_here(served: str, tmp_path: Path) -> None:
    """Without a key, with its tools and the embedded model: both decide alike."""
    here = calls_of(tmp_path)
    assert here == [("where_cat_is_hiding", []), ("get_items", ["place"])]
    assert calls_of(tmp_path, "--agent", f"{served}/cat") == here
