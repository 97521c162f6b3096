"""What the options and the settings come to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from catagent.cli.asked import Asked

KEPT: dict[str, Any] = {"history": None, "record": None}


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATAGENT_HOME", str(tmp_path))
    monkeypatch.setenv("CATAGENT_FOLD", "5")


@pytest.mark.parametrize(
    ("given", "fold"),
    [({}, 5), ({"fold": 3}, 3), ({"full": True}, 0), ({"fold": 3, "full": True}, 0)],
)
def test_a_text_is_folded_as_asked_for(given: dict[str, Any], fold: int) -> None:
    assert Asked.of(given).view(sys.stdout).fold == fold


@pytest.mark.parametrize(
    ("given", "again"),
    [
        (KEPT, "catagent show {run}"),
        ({**KEPT, "verbose": True}, "catagent show {run} -v"),
        ({**KEPT, "record": Path("a b.jsonl")}, "catagent show {run}"),
        ({"history": False, "record": Path("a b.jsonl")}, "catagent show 'a b.jsonl'"),
        ({"history": False, "record": None}, ""),
        ({"recording": "last"}, "catagent show last"),
        ({}, ""),
    ],
)
def test_a_run_is_shown_again_from_where_it_is_kept(given: dict[str, Any], again: str) -> None:
    assert Asked.of(given).again == again
