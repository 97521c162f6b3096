"""Tools of any provider's form, and the parameters of a model call."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from langchain_core.tools import tool
from pydantic import SecretStr

from catagent.events import types as ev
from catagent.sources.invocation import parameters_of, tools_of


@dataclasses.dataclass
class Login:
    """A login, as a client may take it."""

    name: str


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
    }
    assert parameters_of(given) == {"temperature": 0, "max_tokens": 7}


@pytest.mark.parametrize(
    "given",
    [
        {"extra_headers": {"Cookie": "sid=x"}},
        {"default_headers": [("X-Cat", "x")]},
        {"extra_query": {"sig": "x"}},
        {"client_options": {"quota_project": "x"}},
        {"http_client": "x", "http_async_client": "x", "openai_proxy": "x", "cookies": "x"},
        {"jwt": "x", "aws_session_token": "x", "AWS_ACCESS_KEY_ID": "x", "sessionId": "x"},
    ],
)
def test_how_a_server_is_reached_is_no_parameter(given: dict[str, Any]) -> None:
    assert parameters_of({**given, "seed": 1}) == {"seed": 1}
    assert parameters_of({"model_kwargs": {"list": [given]}}) == {"model_kwargs": {"list": [{}]}}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"auth": {"bearer": "x", "login": {"who": "x"}, "tries": 2}}, {"login": {}, "tries": 2}),
        ({"credentials": ["x", ["x", 1], {"$bytes": "eA=="}]}, [[1], {}]),
        ({"credentials": {"who": SecretStr("x")}}, {}),
        ({"userAuth": Login("x")}, {}),
        ({"properties": {"auth": "x", "key": ["x"]}}, {"key": []}),
        ({"user_session": {"at": ["x"]}}, {"at": []}),
    ],
)
def test_all_texts_under_the_name_of_a_secret_are_left_out(
    given: dict[str, Any], kept: Any
) -> None:
    (name,) = given
    assert parameters_of({"extra_body": given}) == {"extra_body": {name: kept}}


def test_harmless_parameters_stay() -> None:
    properties = {"session": {"type": "string"}, "headers": {"type": "object"}}
    given: dict[str, Any] = {
        "max_completion_tokens": 7,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tool_choice": {"type": "function", "function": {"name": "get_session_token"}},
        "response_format": {"json_schema": {"schema": {"properties": properties}}},
        "stop": ["token"],
        "stop_token_ids": [1, 2],
        "user": "cat",
        "logit_bias": {"50256": -100},
        "metadata": {"author": "cat"},
        "service_tier": "flex",
    }
    assert parameters_of(given) == given
