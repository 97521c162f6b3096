"""docs/events.md is the reference: complete, its examples real, its commands working."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator

from catagent.events import types as ev
from catagent.events.codec import decode, encode_plain
from catagent.events.prompts import Prompts
from catagent.recordings.history import RunSummary
from catagent.recordings.schema import schema
from catagent.sources.messages import message_of

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/events.md").read_text()
FIXTURES = sorted((ROOT / "tests/fixtures").glob("v*/*.jsonl"))
EXAMPLES = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"```sh\n(jq .*?)\n```", TEXT, re.DOTALL)
PROGRAMS = dict(re.findall(r"```python\n# (.*?)\n(.*?)```", TEXT, re.DOTALL))
SHARED = {
    "Message": ev.Message,
    "Reference": ev.Ref,
    "Tool": ev.Tool,
    "Tool call": ev.ToolCall,
    "Usage": ev.Usage,
    "Error": ev.ErrorInfo,
    "The envelope": ev.RunStarted,
}


def section(heading: str) -> str:
    """What stands under a heading, up to the next one."""
    found = re.search(
        rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE
    )
    assert found is not None, f"docs/events.md has no section {heading}"
    return found[1]


def documented(heading: str) -> set[str]:
    """The names in the first column of the section's tables."""
    return set(re.findall(r"^\| `(\w+)` \|", section(heading), re.MULTILINE))


def type_of(kind: type[Any]) -> str:
    return str(kind.__struct_config__.tag)


@cache
def recorded() -> frozenset[str]:
    lines = [line for path in FIXTURES for line in path.read_text().splitlines()]
    return frozenset(json.dumps(json.loads(line)) for line in lines)


@pytest.mark.parametrize("kind", ev.KnownEvent.__args__, ids=type_of)
def test_every_type_has_a_section_with_every_field_and_an_example(kind: type[Any]) -> None:
    data: Any = msgspec.structs.fields(kind)[-1].type
    assert documented(f"`{type_of(kind)}`") == set(data.__struct_fields__)
    assert f'"type": "{type_of(kind)}"' in section(f"`{type_of(kind)}`")


def test_the_table_of_types_has_each_in_the_order_of_the_sections() -> None:
    listed = re.findall(r"^\| \[`([\w.]+)`\]", section("The types"), re.MULTILINE)
    assert listed == re.findall(r"^### `([\w.]+)`", TEXT, re.MULTILINE)
    assert set(listed) == {type_of(kind) for kind in ev.KnownEvent.__args__}


@pytest.mark.parametrize("heading", SHARED)
def test_every_shared_structure_is_documented(heading: str) -> None:
    fields = set(SHARED[heading].__struct_fields__) | (
        {"type"} if heading == "The envelope" else set()
    )
    assert documented(heading) == fields


JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def misnamed(heading: str, kind: type[Any]) -> list[str]:
    """The fields of a class whose row has not the type that they have: `string or null`."""
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section(heading), re.MULTILINE))
    found = []
    for field in msgspec.structs.fields(kind):
        joined = isinstance(field.type, UnionType)
        kinds = get_args(field.type) if joined else (field.type,)
        row, names = rows.get(field.name, ""), {JSON_TYPES.get(each, "") for each in kinds}
        if ("null" in row) != (type(None) in kinds) or not all(name in row for name in names):
            found.append(field.name)
    return found


def test_the_table_of_every_type_has_the_types_of_its_fields() -> None:
    for kind in ev.KnownEvent.__args__:
        data: Any = msgspec.structs.fields(kind)[-1].type
        assert misnamed(f"`{type_of(kind)}`", data) == []
    assert misnamed("Usage", ev.ErrorInfo)
    for heading in SHARED.keys() - {"The envelope"}:
        assert misnamed(heading, SHARED[heading]) == []


def test_models_and_listed_runs_are_documented() -> None:
    for name in ev.ModelUsage.__struct_fields__:
        assert f"`{name}`" in section("`run.finished`")
    for name in set(RunSummary.__struct_fields__) - {"v"}:
        assert f"`{name}`" in section("Lists of runs")


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_line_of_a_recorded_run(example: str) -> None:
    assert json.dumps(json.loads(example)) in recorded()
    Draft202012Validator(schema()).validate(json.loads(example))


def test_events_md_has_ten_lines_of_jq() -> None:
    assert len(COMMANDS) == 10


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_line_of_jq_in_events_md_works(command: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/fixtures/v1/events.jsonl", tmp_path / "run.jsonl")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def made_whole(lines: bytes) -> list[dict[str, Any]]:
    """What whole.py writes of a stream."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAMS["whole.py"]], input=lines, capture_output=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def resolved(event: ev.Event, prompts: Prompts) -> dict[str, Any]:
    """The places of an event that may hold references, as the views and exports read them."""
    match event:
        case ev.LlmStarted(data=data):
            return {"messages": prompts.messages(data), "tools": prompts.tools(data)}
        case ev.Update(data=data):
            return {"changes": prompts.whole(data.changes)}
        case ev.RunFinished(data=data):
            return {"state": prompts.whole(data.state)}
    return {}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_references_are_resolved_by_the_program_in_events_md(path: Path) -> None:
    lines, prompts = path.read_bytes().splitlines()[1:], Prompts()
    for line, told in zip(lines, made_whole(b"\n".join(lines)), strict=True):
        event = decode(line)
        prompts.take(event)
        expected = json.loads(encode_plain(resolved(event, prompts)))
        assert {place: told["data"][place] for place in expected} == expected
        assert '"ref"' not in json.dumps(expected)


def messages_in(path: Path) -> Iterator[dict[str, Any]]:
    """The messages that models were sent and wrote, whole."""
    for event in made_whole(path.read_bytes()):
        if event["type"] == "llm.started":
            yield from event["data"]["messages"]
        elif event["type"] == "llm.finished" and event["data"]["message"]:
            yield event["data"]["message"]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_messages_are_loaded_by_the_program_in_events_md(path: Path, tmp_path: Path) -> None:
    (tmp_path / "load.py").write_text(PROGRAMS["load.py"])
    load = runpy.run_path(str(tmp_path / "load.py"))["load"]
    messages = list(messages_in(path))
    assert messages
    for message in messages:
        assert json.loads(encode_plain(message_of(load(message)))) == message
