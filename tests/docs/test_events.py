"""docs/events.md is the reference: complete, its examples real, its commands working."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from catagent.events import types as ev
from catagent.recordings.history import RunSummary
from catagent.recordings.schema import schema

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/events.md").read_text()
FIXTURES = sorted((ROOT / "tests/fixtures").glob("v*/*.jsonl"))
EXAMPLES = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"```sh\n(jq .*?)\n```", TEXT, re.DOTALL)
SHARED = {
    "Message": ev.Message,
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


@cache
def recorded() -> frozenset[str]:
    lines = [line for path in FIXTURES for line in path.read_text().splitlines()]
    return frozenset(json.dumps(json.loads(line)) for line in lines)


@pytest.mark.parametrize("kind", ev.KnownEvent.__args__, ids=ev.type_of)
def test_every_type_has_a_section_with_every_field_and_an_example(kind: type[Any]) -> None:
    data = ev.__dict__[kind.__annotations__["data"]]
    assert documented(f"`{ev.type_of(kind)}`") == set(data.__struct_fields__)
    assert f'"type": "{ev.type_of(kind)}"' in section(f"`{ev.type_of(kind)}`")


@pytest.mark.parametrize("heading", SHARED)
def test_every_shared_structure_is_documented(heading: str) -> None:
    fields = set(SHARED[heading].__struct_fields__) | (
        {"type"} if heading == "The envelope" else set()
    )
    assert documented(heading) == fields


def test_models_and_listed_runs_are_documented() -> None:
    for name in ev.ModelUsage.__struct_fields__:
        assert f"`{name}`" in section("`run.finished`")
    for name in set(RunSummary.__struct_fields__) - {"v"}:
        assert f"`{name}`" in section("Recordings")


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
