"""`catagent agents URL`: what a server has, and what each of its agents takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catagent.agents.driver.inputs import key_of_a_question
from catagent.agents.json_schemas import described, input_taken
from tests.support.cli import catagent, environment, lines


def test_the_agents_of_a_server_are_listed_and_described(
    langgraph_dev: str, tmp_path: Path
) -> None:
    env = environment(tmp_path)
    listed = {
        each["graph"]: each for each in lines(catagent("agents", langgraph_dev, env=env).stdout)
    }
    assert listed["slow"]["agent"] == f"{langgraph_dev}/slow"
    one = catagent("agents", listed["slow"]["agent"], env=env).stdout
    assert "  messages: messages" in one
    assert f'catagent ask --agent {langgraph_dev}/slow "a question"' in one
    by_id = catagent("agents", f"{langgraph_dev}/{listed['slow']['assistant']}", "--json", env=env)
    assert lines(by_id.stdout)[0]["assistant"] == listed["slow"]["assistant"]
    refused = catagent("agents", f"{langgraph_dev}/slov", env=env)
    assert (refused.returncode, "did you mean slow?" in refused.stderr) == (2, True)


def test_an_agent_of_a_server_takes_what_its_schemas_say() -> None:
    fields = {
        "topic": {"type": "string"},
        "depth": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 3},
        "kind": {"enum": ["long", "short"]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
    }
    schema = {"properties": fields, "required": ["topic"], "$defs": {"Part": {"type": "object"}}}
    told = described({"input_schema": schema, "context_schema": schema, "state_schema": None})
    assert told["lines"]["context"] == [
        "topic: str, required",
        "depth: int | None = 3",
        "kind: Literal['long', 'short']",
        "parts: list[dict]",
    ]
    assert told["example"] == '"a question" --context \'{"topic": "…"}\''
    assert key_of_a_question(input_taken({})) == "messages"


@pytest.mark.parametrize(
    "schema",
    [
        3,
        {"properties": [1], "required": 3},
        {"properties": {"a": 1, "b": {"enum": [{}, 1.5, None]}, "c": {"$ref": "#/$defs/c"}}},
        {"properties": {"a": {"$ref": "#/a"}}, "$defs": {"a": {"anyOf": [{"$ref": "#/a"}] * 99}}},
    ],
)
def test_a_schema_of_a_server_may_be_anything(schema: Any) -> None:
    assert "input" in described({"input_schema": schema})["lines"]
