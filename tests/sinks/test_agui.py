"""Our events as AG-UI's, held against the protocol's own Python types."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ag_ui.core import Event as AguiEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.recordings.reader import read_recording
from catagent.sinks.agui import AguiSink
from catagent.sinks.agui_events import Translator
from tests.support.runs import (
    ANSWER,
    ITEMS,
    PLACE,
    cat_run,
    failed_run,
    finished,
    model,
    stamped,
    started,
    tool,
)
from tests.support.strategies import events

pytestmark = pytest.mark.versions

PROTOCOL: TypeAdapter[Any] = TypeAdapter(AguiEvent)


def translated(run: Sequence[ev.Event]) -> list[dict[str, Any]]:
    translator = Translator()
    lines = [line for event in run for line in translator.translate(event)]
    return [json.loads(encode_plain(line)) for line in lines]


def assert_valid(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        parsed = PROTOCOL.validate_python(line)
        named = set(type(parsed).model_fields) | {
            f.alias for f in type(parsed).model_fields.values()
        }
        assert set(line) <= named, f"the protocol has no such field: {line}"


def of_type(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["type"] == kind]


def test_agui_lines_are_of_the_protocol() -> None:
    for run in (cat_run(), failed_run()):
        assert_valid(translated(run))


@given(st.lists(events, max_size=8))
def test_agui_lines_of_any_events_are_of_the_protocol(run: list[ev.Event]) -> None:
    assert_valid(translated(run))


@given(st.lists(events, max_size=12))
def test_agui_closes_what_it_opened_once_before_the_run_ends(run: list[ev.Event]) -> None:
    lines = translated([*run, finished("success", 0)])
    keys = {"TEXT_MESSAGE": "messageId", "TOOL_CALL": "toolCallId", "STEP": "stepName"}
    for what, key in keys.items():
        opened = [
            line[key] for line in lines if line["type"] in (f"{what}_START", f"{what}_STARTED")
        ]
        closed = [
            line[key] for line in lines if line["type"] in (f"{what}_END", f"{what}_FINISHED")
        ]
        assert sorted(opened) == sorted(closed)
    assert lines[-1]["type"] == "RUN_FINISHED"


def test_agui_tells_a_run_in_order() -> None:
    kinds = [line["type"] for line in translated(cat_run())]
    assert kinds[0] == "RUN_STARTED"
    assert kinds[-1] == "RUN_FINISHED"
    story = [
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "STEP_STARTED",
        "SUBAGENT_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "SUBAGENT_FINISHED",
        "STEP_FINISHED",
        "TOOL_CALL_RESULT",
    ]
    positions = [kinds.index(kind) for kind in story]
    assert positions == sorted(positions)


def test_agui_attributes_a_tools_tokens_to_its_call_and_not_the_answers() -> None:
    lines = of_type(translated(cat_run()), "TEXT_MESSAGE_CONTENT")
    text: dict[str | None, str] = {}
    for line in lines:
        inside = line.get("subagentRunId")
        text[inside] = text.get(inside, "") + line["delta"]
    assert text == {
        PLACE: "on a shelf",
        ITEMS: "books (old), a lamp",
        None: ANSWER,
    }


def test_agui_nested_agents_name_their_parent_at_every_depth() -> None:
    recording = Path(__file__).parents[1] / "fixtures/v1/nested.jsonl"
    lines = translated(read_recording(recording)[0])
    started = {line["subagentRunId"]: line for line in of_type(lines, "SUBAGENT_STARTED")}
    assert started["call_where_sofas"]["parentSubagentRunId"] == "call_sofas"
    assert "parentSubagentRunId" not in started["call_sofas"]
    assert started["call_where_sofas"]["name"] == "where_cat_is_hiding"
    calls = {c["toolCallId"]: c.get("subagentRunId") for c in of_type(lines, "TOOL_CALL_START")}
    assert calls["call_where_shelves"] == "call_shelves"
    assert calls["call_shelves"] is None


def test_agui_survives_calls_that_claim_to_be_inside_each_other() -> None:
    def began(call_id: str, parent: str) -> ev.ToolStarted:
        data = ev.ToolStartedData(tool="t", tool_input={}, tool_call_id=call_id)
        return ev.ToolStarted(run_id=f"run-{call_id}", parent_ids=[parent], data=data)

    token = model("a", ["x"], tool_call_id="one")[1]
    lines = translated([began("one", ""), began("two", "run-one"), began("one", "run-two"), token])
    assert_valid(lines)
    assert len(of_type(lines, "SUBAGENT_STARTED")) == 2


def test_agui_without_tokens_has_the_calls_and_the_answer() -> None:
    run = [event for event in cat_run() if not isinstance(event, ev.LlmToken | ev.LlmFinished)]
    lines = translated(run)
    assert_valid(lines)
    assert [line["toolCallName"] for line in of_type(lines, "TOOL_CALL_START")] == [
        "where_cat_is_hiding",
        "get_items",
    ]
    arguments = [json.loads(line["delta"]) for line in of_type(lines, "TOOL_CALL_ARGS")]
    assert arguments == [{}, {"place": "on a shelf"}]
    (content,) = of_type(lines, "TEXT_MESSAGE_CONTENT")
    assert content["delta"].startswith("On the shelf")


def test_agui_with_whole_messages_alone_has_each_once() -> None:
    run = [event for event in cat_run() if not isinstance(event, ev.LlmToken | ev.LlmStarted)]
    lines = translated(run)
    assert_valid(lines)
    assert [line["delta"] for line in of_type(lines, "TEXT_MESSAGE_CONTENT")] == [
        "on a shelf",
        "books (old), a lamp",
        ANSWER,
    ]


def test_agui_keeps_calls_apart_that_repeat_an_id() -> None:
    once = tool("call_0", "get_items", {"place": "x"}, ["y"])
    lines = translated(stamped([started(), *once, *once, finished("success", 0)]))
    assert len(of_type(lines, "TOOL_CALL_START")) == 2
    assert len(of_type(lines, "TOOL_CALL_RESULT")) == 2


def test_agui_ends_failed_and_cancelled_runs_as_such() -> None:
    assert translated(failed_run())[-1] | {"timestamp": 0, "usage": []} == {
        "type": "RUN_ERROR",
        "message": "The key was refused.",
        "code": "AuthenticationError",
        "timestamp": 0,
        "usage": [],
    }
    cancelled = translated([started(), *model("a", ["half a sen"])[:2], finished("cancelled", 130)])
    assert cancelled[-2]["type"] == "TEXT_MESSAGE_END"
    assert cancelled[-1]["outcome"] == {"type": "cancelled"}


def test_agui_reasoning_raw_and_custom_events() -> None:
    thought = ev.LlmToken(
        run_id="a", raw={"x": 1}, data=ev.LlmTokenData(channel="reasoning", delta="hm")
    )
    warning = ev.Warned(data=ev.WarningData(code="c", message="m"))
    lines = translated([thought, warning, ev.Unknown(fields={"type": "new", "data": 1})])
    assert_valid(lines)
    assert [line["type"] for line in lines] == [
        "REASONING_START",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "CUSTOM",
        "CUSTOM",
    ]
    assert lines[0]["rawEvent"] == {"x": 1}
    assert [line["name"] for line in lines[3:]] == ["catagent.warning", "catagent.new"]


def test_the_agui_sink_writes_the_translated_lines() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader:
        with os.fdopen(writing, "wb") as stream:
            sink = AguiSink(stream)
            for event in cat_run():
                sink.write(event)
            sink.close()
        written = [json.loads(line) for line in reader]
    assert written == translated(cat_run())
