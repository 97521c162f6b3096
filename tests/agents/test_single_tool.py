"""One tool on its own: its arguments checked against its schema before anything runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from catagent.agents.open import AgentRequest
from catagent.agents.single_tool import list_tools, open_tool
from catagent.errors import UsageError
from catagent.sources.base import AgentRun
from tests.support.models import opened_models

pytestmark = pytest.mark.versions

MODULE = '''
from langchain_core.tools import tool

@tool
def add(numbers: list[int], name: str = "sum") -> str:
    """Add up."""
    return f"{name}: {sum(numbers)}"

def plain(count: int) -> str:
    """Count."""
    return "x" * count

@tool
def look(code: str | None = None, limit: int | None = None, key: int | str = 0) -> str:
    """Look."""
    return f"{code!r} {limit!r} {key!r}"

nothing = 42
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toolbox.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "toolbox", raising=False)
    return tmp_path


def opened(name: str, given: Mapping[str, str], home: Path) -> AgentRun:
    async def run() -> AgentRun:
        async with opened_models(home, {"OPENAI_API_KEY": "test"}) as models:
            return open_tool(name, given, AgentRequest("", models))

    return asyncio.run(run())


def test_the_tool_list_names_every_tool_and_its_arguments() -> None:
    assert [(tool.name, tool.args) for tool in list_tools()] == [
        ("where_cat_is_hiding", {}),
        ("get_items", {"place": "string"}),
        ("tell_me_a_joke_about", {"topic": "string"}),
    ]
    assert all(tool.description for tool in list_tools())


def test_a_text_argument_of_a_tool_stays_text(tmp_path: Path) -> None:
    assert opened("get_items", {"place": "42"}, tmp_path).input == {"place": "42"}


@pytest.mark.parametrize(
    ("name", "given", "output"),
    [
        ("toolbox:add", {"numbers": "[1, 2]"}, "sum: 3"),
        ("toolbox:add", {"numbers": "[1]", "name": "[n]"}, "[n]: 1"),
        ("toolbox:plain", {"count": "3"}, "xxx"),
        ("toolbox:look", {"code": "123", "limit": "3"}, "'123' 3 0"),
        ("toolbox:look", {"limit": "null", "key": "[7]"}, "None None '[7]'"),
    ],
)
def test_a_custom_tool_takes_json_where_it_wants_no_text(
    folder: Path, name: str, given: dict[str, str], output: str
) -> None:
    run = opened(name, given, folder)
    assert run.shape == "other"
    assert run.runnable.invoke(run.input) == output


@pytest.mark.parametrize(
    ("name", "given", "message", "hint"),
    [
        ("get_items", {}, "place: field required", "catagent tool get_items place=<string>"),
        ("get_items", {"plcae": "x"}, "no argument called 'plcae'", "place=<string>"),
        ("where_cat_is_hiding", {"x": "1"}, "no argument called 'x'", "catagent tool where"),
        ("get_itmes", {}, "no tool called 'get_itmes'", "did you mean get_items?"),
        ("toolbox:add", {"numbers": "one"}, "numbers: ", "numbers=<array>"),
        ("toolbox:nothing", {}, "is not a tool", "BaseTool"),
        (
            "toolbox:look",
            {"limit": "x"},
            "limit: ",
            "code=<string|null> limit=<integer|null> key=<integer|string>",
        ),
    ],
)
def test_wrong_tool_arguments_are_a_usage_error(
    folder: Path, name: str, given: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as raised:
        opened(name, given, folder)
    assert message in raised.value.message
    assert hint in raised.value.hint
