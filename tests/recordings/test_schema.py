"""The schema, and what it lets through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from catagent.events import types as ev
from catagent.events.codec import Header, Program, encode, encode_plain
from catagent.recordings.history import History
from catagent.recordings.schema import schema, text
from catagent.sinks.recorder import Recorder
from tests.support.runs import cat_run, failed_run, started

pytestmark = pytest.mark.versions

COMMITTED = Path(__file__).parents[2] / "docs/schema/catagent.events-1.schema.json"
VALIDATOR = Draft202012Validator(schema())


def valid(line: bytes | dict[str, Any]) -> bool:
    return VALIDATOR.is_valid(line if isinstance(line, dict) else json.loads(line))


def in_order(node: dict[str, Any]) -> dict[str, Any]:
    """Sort the alternatives: msgspec before 0.22 gives them in another order."""
    node.get("anyOf", []).sort(key=json.dumps)
    return node


def test_the_committed_schema_is_current() -> None:
    committed, current = (
        json.loads(one, object_hook=in_order) for one in (COMMITTED.read_text(), text())
    )
    assert committed == current, "run: catagent schema > docs/schema/…"


def test_the_schema_is_valid_and_refers_to_nothing_outside() -> None:
    Draft202012Validator.check_schema(schema())
    assert '"$ref": "#/' in text()
    assert text().count('"$ref"') == text().count('"$ref": "#/$defs/')


def test_every_event_fits_the_schema() -> None:
    assert all(valid(encode(event)) for event in cat_run() + failed_run())


def test_the_header_and_a_listed_run_fit_the_schema(tmp_path: Path) -> None:
    assert valid(encode_plain(Header(schema=ev.SCHEMA)))
    recorder = Recorder(History(folder=tmp_path).place_for("abc"), required=False)
    recorder.close()
    assert all(valid(encode_plain(run)) for run in History(folder=tmp_path).runs())


def test_a_listed_program_fits_the_schema() -> None:
    line = json.loads(encode_plain(Program(pid=1, program="python app.py")))
    assert valid(line)
    assert schema()["$defs"]["Program"]["properties"].keys() == line.keys()


def test_an_unknown_event_type_fits_the_schema() -> None:
    assert valid({"type": "llm.dreamt", "v": 1, "data": {"sheep": 3}})


@pytest.mark.parametrize(
    "change",
    [
        {"seq": "1"},
        {"seq": -1},
        {"v": 2},
        {"tags": None},
        {"data": {}},
        {"type": "llm.token"},
        {"type": None},
    ],
)
def test_a_known_event_type_must_have_its_fields(change: dict[str, Any]) -> None:
    assert not valid(json.loads(encode(started())) | change)


@pytest.mark.parametrize("missing", ["v", "seq", "ts", "run_id", "parent_ids", "tool_call_id"])
def test_the_schema_requires_the_whole_envelope(missing: str) -> None:
    line = json.loads(encode(started()))
    del line[missing]
    assert not valid(line)
