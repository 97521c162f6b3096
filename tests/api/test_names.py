"""What `import catagent` offers, and what it costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import get_args

import pytest

import catagent
from catagent import errors
from catagent.events import types as ev

SOURCE = Path(catagent.__file__).read_text(encoding="utf-8")
FUNCTIONS = {"encode", "local_model", "read", "show", "stream"}
# What the events hold, and a reader has to name.
HELD = {"ErrorInfo", "Failure", "Message", "ModelUsage", "Ref", "Tool", "ToolCall", "Usage"}


def test_all_names_the_events_the_errors_and_the_functions() -> None:
    events = {kind.__name__ for kind in get_args(ev.KnownEvent)} | {"Event", "Unknown"}
    ours = {name for name in vars(errors) if name.endswith("Error")}
    expected = events | ours | FUNCTIONS | HELD | {"Filters", "Prompts", "__version__"}
    assert sorted(catagent.__all__) == sorted(expected)


@pytest.mark.parametrize("name", catagent.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(catagent, name) is not None
    assert name in dir(catagent)


def test_type_checkers_see_every_name_at_the_place_that_it_comes_from() -> None:
    (block,) = (node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {*seen, "__version__"} == set(catagent.__all__)
    for name, module in seen.items():
        assert getattr(import_module(str(module)), name) is getattr(catagent, name)


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'observe'"):
        catagent.observe  # type: ignore[attr-defined]  # noqa: B018


def test_show_takes_every_option_of_stream() -> None:
    streams, shows = signature(catagent.stream).parameters, signature(catagent.show).parameters
    assert {name: shows[name] for name in streams} == streams
    assert shows.keys() - streams.keys() == {"verbose", "quiet", "fold"}


def imported_by(code: str) -> set[str]:
    """The modules that are there after `code`, and not in a bare interpreter."""
    report = "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    bare, after = (
        subprocess.run(
            [sys.executable, "-c", text + report], capture_output=True, check=True, timeout=60
        )
        for text in ("", code)
    )
    return set(json.loads(after.stdout)) - set(json.loads(bare.stdout))


def test_the_import_costs_one_module() -> None:
    assert imported_by("import catagent") == {"catagent"}


@pytest.mark.parametrize("name", ["read", "RunStarted", "UsageError"])
def test_what_runs_no_agent_imports_no_langchain(name: str) -> None:
    tops = {module.partition(".")[0] for module in imported_by(f"from catagent import {name}")}
    assert tops & {"asyncio", "langchain_core", "langgraph", "openai", "rich"} == set()
