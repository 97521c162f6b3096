"""Tools of any provider's form, and the parameters of a model call."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import tool
from pydantic import SecretStr

from catagent.events import types as ev
from catagent.sources.invocation import parameters_of, tools_of

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION: dict[str, Any] = {"name": "f", "description": "does", "parameters": SCHEMA}
FULL = ev.Tool(name="f", description="does", parameters=SCHEMA)


@pytest.mark.parametrize(
    ("given", "tools"),
    [
        ({"type": "function", "function": FUNCTION}, [FULL]),
        ({"type": "function", "strict": True, **FUNCTION}, [FULL]),
        (FUNCTION, [FULL]),
        ({"name": "f", "description": "does", "input_schema": SCHEMA}, [FULL]),
        ({"function_declarations": [FUNCTION, {"name": "g"}]}, [FULL, ev.Tool(name="g")]),
        (
            {"toolSpec": {"name": "f", "description": "does", "inputSchema": {"json": SCHEMA}}},
            [FULL],
        ),
        ({"type": "custom", "custom": {"name": "g"}}, [ev.Tool(name="g")]),
        ({"type": "web_search"}, [ev.Tool(name="web_search")]),
        ({"type": "web_search_20250305", "name": "web_search"}, [ev.Tool(name="web_search")]),
        ({"google_search": {}}, [ev.Tool(name="google_search")]),
        ("f", [ev.Tool(name="f")]),
        ({}, [ev.Tool(name="")]),
        (7, [ev.Tool(name="int")]),
    ],
)
def test_a_tool_is_read_in_any_form(given: Any, tools: list[ev.Tool]) -> None:
    assert tools_of(given) == tools


def test_a_tool_of_langchain_is_read() -> None:
    @tool
    def where(place: str) -> str:
        """Look there."""
        return place

    (found,) = tools_of(where)
    assert (found.name, found.description) == ("where", "Look there.")
    assert found.parameters["properties"].keys() == {"place"}


def test_parameters_are_plain_without_what_stands_elsewhere_and_secrets() -> None:
    given: dict[str, Any] = {
        "model": "m",
        "model_name": "m",
        "_type": "openai-chat",
        "tools": [],
        "stop": None,
        "temperature": 0,
        "max_tokens": 7,
        "api_key": "sk-1",
        "openai_api_key": SecretStr("sk-2"),
        "extra_headers": {"Authorization": "Bearer x", "X-Title": "cats"},
    }
    kept = {"temperature": 0, "max_tokens": 7, "extra_headers": {"X-Title": "cats"}}
    assert parameters_of(given) == kept
