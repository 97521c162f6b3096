"""Our events as AG-UI's, held against the protocol's own Python types."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from ag_ui.core import Event as AguiEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.sinks.agui import AguiSink
from catagent.sinks.agui_events import Translator
from tests.support.recordings import read_recording
from tests.support.runs import (
    ANSWER,
    ITEMS,
    NAMED,
    PLACE,
    cat_run,
    failed_run,
    finished,
    interleaved,
    model,
    named_run,
    of_run,
    paused_run,
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


def test_agui_tells_the_calls_of_a_nested_agent_apart_that_repeat_its_id() -> None:
    """All three calls of this recording, of before there were keys, have the same id."""
    recording = Path(__file__).parents[1] / "fixtures/before/nested-ids.jsonl"
    lines = translated(read_recording(recording)[0])
    assert_valid(lines)
    ids = {line["toolCallName"]: line["toolCallId"] for line in of_type(lines, "TOOL_CALL_START")}
    assert len(set(ids.values())) == len(of_type(lines, "TOOL_CALL_START")) == 3
    inside = {line["name"]: line for line in of_type(lines, "SUBAGENT_STARTED")}
    assert inside["get_items"]["parentToolCallId"] == ids["get_items"]
    around = inside["where_research"]["subagentRunId"]
    assert {inside[name]["parentSubagentRunId"] for name in ("where_is_it", "get_items")} == {
        around
    }
    results = {line["toolCallId"]: line["content"] for line in of_type(lines, "TOOL_CALL_RESULT")}
    assert results[ids["where_is_it"]] == "The Cozy Cavern"


def test_agui_survives_calls_that_nest_without_end() -> None:
    key = ".".join(["1"] * 2000)
    token = ev.LlmToken(run_id="a", call=key, data=ev.LlmTokenData(channel="text", delta="x"))
    lines = translated([token])
    assert_valid(lines)
    assert len(of_type(lines, "SUBAGENT_STARTED")) < 50
    assert len(of_type(lines, "TEXT_MESSAGE_CONTENT")) == 1


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


def keyed(run: Sequence[ev.Event], key: str, call_id: str | None) -> list[ev.Event]:
    """The events of one call, with this key, and the id that a provider gave it."""
    for event in run:
        assert not isinstance(event, ev.Unknown)
        event.call, event.tool_call_id = key, call_id
        if isinstance(event, ev.CallEvent):
            event.data.tool_call_id = call_id
        if not isinstance(event, ev.Action):
            event.run_id = f"{key}-{event.run_id}"
    return list(run)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["call_0", "call_0", "call_0"], ["call_0", "call_0#1.1", "call_0#2"]),
        ([None, None, None], ["1", "1.1", "2"]),
        (["2", "x", None], ["2", "x", "2#2"]),
    ],
)
def test_agui_names_each_call_once_where_ids_repeat_or_are_missing(
    given: list[str | None], shown: list[str]
) -> None:
    """A nested agent's call, and one of a later message, from a provider that counts from zero."""

    def call(key: str, call_id: str | None) -> list[ev.Event]:
        return keyed(tool("c", "look", {}, [f"seen {key}"]), key, call_id)

    outer = call("1", given[0])
    run = [*outer[:2], *call("1.1", given[1]), *outer[2:], *call("2", given[2])]
    lines = translated([started(), *run, finished("success", 0)])
    assert_valid(lines)
    assert [line["toolCallId"] for line in of_type(lines, "TOOL_CALL_START")] == shown
    results = {line["toolCallId"]: line["content"] for line in of_type(lines, "TOOL_CALL_RESULT")}
    assert results == dict(zip(shown, ["seen 1", "seen 1.1", "seen 2"], strict=True))
    told = {line["subagentRunId"]: line["delta"] for line in of_type(lines, "TEXT_MESSAGE_CONTENT")}
    assert told == results
    inner = next(x for x in of_type(lines, "SUBAGENT_STARTED") if x["parentToolCallId"] == shown[1])
    assert inner["parentSubagentRunId"] == shown[0]


def test_agui_gives_a_call_that_is_tried_again_one_id_and_each_attempt_its_own() -> None:
    action, *first, observed = keyed(tool("c", "look", {}, ["x"]), "1", "call_0")
    again = keyed(tool("c", "look", {}, ["y"]), "1", "call_0")[1:-1]
    for event in again:
        assert not isinstance(event, ev.Unknown)
        event.run_id += "-again"
    lines = translated([started(), action, *first, *again, observed, finished()])
    assert_valid(lines)
    assert len(of_type(lines, "TOOL_CALL_START")) == len(of_type(lines, "TOOL_CALL_RESULT")) == 1
    attempts = of_type(lines, "SUBAGENT_STARTED")
    assert {line["parentToolCallId"] for line in attempts} == {"call_0"}
    assert [line["subagentRunId"] for line in attempts] == ["call_0", "call_0#1"]


@given(st.lists(events, max_size=12))
def test_agui_uses_each_id_of_a_call_once(run: list[ev.Event]) -> None:
    lines = translated(run)
    for kind, key in (("TOOL_CALL_START", "toolCallId"), ("SUBAGENT_STARTED", "subagentRunId")):
        ids = [line[key] for line in of_type(lines, kind)]
        assert len(ids) == len(set(ids))


def test_agui_ends_a_run_that_waits_with_what_it_waits_for() -> None:
    lines = translated(paused_run())
    assert_valid(lines)
    outcome = lines[-1]["outcome"]
    assert outcome["type"] == "interrupt"
    lamp, mail = outcome["interrupts"]
    assert (lamp["id"], lamp["message"], lamp["toolCallId"]) == (
        "int-1",
        "May I turn on the lamp?",
        "i",
    )
    assert mail["metadata"]["langgraph"]["allowed"] == {"send_email": ["approve", "reject"]}
    suspended = of_type(lines, "SUBAGENT_FINISHED")
    assert [line["outcome"]["type"] for line in suspended] == ["suspended"] * len(suspended)
    assert suspended


def test_agui_gives_updates_and_the_final_state_whole() -> None:
    """A front end has not seen what our events refer to."""
    message = ev.Message(type="ai", content="hi", id="m1")
    said = ev.LlmFinishedData(model="m", text="hi", message=message)
    changes = {"messages": [{"ref": "m1"}]}
    end = finished()
    end.data.state = {**changes, "n": 1}
    update = ev.Update(run_id="n", data=ev.UpdateData(node="model", changes=changes))
    lines = translated([started(), ev.LlmFinished(run_id="a", data=said), update, end])
    assert_valid(lines)
    assert lines[-1]["type"] == "RUN_FINISHED"
    assert lines[-2]["type"] == "STATE_SNAPSHOT"
    assert lines[-2]["snapshot"]["n"] == 1
    custom = of_type(lines, "CUSTOM")[-1]
    assert custom["name"] == "catagent.update"
    for state in (lines[-2]["snapshot"], custom["value"]["changes"]):
        assert state["messages"][0]["content"] == "hi"


def test_agui_attributes_a_custom_event_to_its_call() -> None:
    data = ev.NodeData(kind="custom", phase="stream", content={"half": True})
    (begun, custom) = translated([ev.Node(run_id="r", name="progress", call="1", data=data)])
    assert begun["type"] == "SUBAGENT_STARTED"
    assert custom["subagentRunId"] == begun["subagentRunId"]
    assert custom["value"]["name"] == "progress"


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


def written(run: Iterable[ev.Event]) -> list[dict[str, Any]]:
    """What the sink writes of these events."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader:
        with os.fdopen(writing, "wb") as stream:
            sink = AguiSink(stream)
            for event in run:
                sink.write(event)
            sink.close()
        return [json.loads(line) for line in reader]


def test_the_agui_sink_writes_the_translated_lines() -> None:
    assert written(cat_run()) == translated(cat_run())


@pytest.mark.parametrize("first", [1, 9, None])
def test_the_agui_sink_writes_runs_that_overlap_one_after_the_other(first: int | None) -> None:
    """The second begins at once, in the middle of the first, and after its end."""
    one, other = of_run("one", cat_run()), of_run("other", cat_run())
    expected = [*translated(one), *translated(other)]
    both = [*one[:first], *interleaved(other, one[first:] if first is not None else [])]
    assert written(both) == expected


def test_the_agui_sink_is_held_up_by_nothing_that_comes_after_the_end_of_a_run() -> None:
    one, other = of_run("one", failed_run()), of_run("other", cat_run())
    late = ev.Warned(run_id="one", data=ev.WarningData(code="c", message="m"))
    third = of_run("third", failed_run())
    lines = written([*one, late, *other[:-1], late, other[-1], *third])
    runs = [line for line in lines if line.get("name") != "catagent.warning"]
    assert runs == [line for run in (one, other, third) for line in translated(run)]
    assert len(lines) == len(runs) + 2


def test_the_agui_sink_writes_a_run_as_it_goes_and_what_waits_at_the_end(tmp_path: Path) -> None:
    """What is of the first run is there at once; of the second, when no more can come."""
    one, other = of_run("one", cat_run()), of_run("other", failed_run())
    path = tmp_path / "out"

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_bytes().splitlines()]

    with path.open("wb") as stream:
        sink = AguiSink(stream)
        for event in interleaved(one[:4], other):
            sink.write(event)
        assert lines() == translated(one[:4])
        sink.close()
    assert lines() == [*translated(one[:4]), *translated(other)]


@pytest.mark.parametrize("streamed", [True, False])
def test_blocks_are_custom_events_once_each_and_no_second_message(streamed: bool) -> None:
    lines = translated(named_run(streamed=streamed))
    assert_valid(lines)
    blocks = [line["value"] for line in lines if line.get("name") == "catagent.llm.token"]
    assert blocks == [{"messageId": "m", "channel": "block", "delta": name} for name in NAMED]
    said = [line["delta"] for line in lines if line["type"] == "TEXT_MESSAGE_CONTENT"]
    assert "".join(said) == "Let me see.They sleep."
    kinds = [line["type"] for line in lines if line["type"] in ("TEXT_MESSAGE_CONTENT", "CUSTOM")]
    text, block = "TEXT_MESSAGE_CONTENT", "CUSTOM"
    assert [kind for kind, _ in groupby(kinds)] == [block, text, block, text, block]
    thought = [line["delta"] for line in lines if line["type"] == "REASONING_MESSAGE_CONTENT"]
    assert thought == ["hm"]
