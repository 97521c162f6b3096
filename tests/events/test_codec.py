"""Encoding and decoding are the identity, on whatever a model or a tool puts into an event."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessage

from catagent.errors import RecordingError
from catagent.events import types as ev
from catagent.events.codec import (
    PLACEHOLDER,
    Header,
    decode,
    decode_header,
    encode,
    encode_plain,
    placeholder,
)
from catagent.events.state import RunState, reduce
from catagent.recordings.schema import schema
from tests.support.strategies import events

VALIDATOR = Draft202012Validator(schema())


@given(events)
def test_decoding_undoes_encoding(event: ev.Event) -> None:
    assert event.type == json.loads(encode(event))["type"]
    assert decode(encode(event)) == event


@given(events)
def test_every_encoded_event_is_one_json_line_that_fits_the_schema(event: ev.Event) -> None:
    line = encode(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    VALIDATOR.validate(json.loads(line))


@given(st.lists(events))
def test_any_events_in_any_order_reduce_to_a_state(run: list[ev.Event]) -> None:
    state = RunState()
    for event in run:
        reduce(state, event)
    counted = sum(llm.tokens for llm in state.llms.values())
    assert counted == sum(isinstance(event, ev.LlmToken) for event in run)


@given(st.binary() | st.text())
def test_decoding_any_line_raises_only_recording_errors(line: bytes | str) -> None:
    with contextlib.suppress(RecordingError):
        decode(line)


def node(content: Any) -> ev.Node:
    return ev.Node(data=ev.NodeData(kind="custom", phase="end", content=content))


def encoded(content: Any) -> Any:
    return json.loads(encode(node(content)))["data"]["content"]


class Opaque:
    """Something that has no JSON form."""

    def __repr__(self) -> str:
        raise RuntimeError("even to look at it is an error")


@pytest.mark.parametrize(
    ("content", "written"),
    [
        ("a\ud83d", "a\ufffd"),
        ("\ud83d\ude00", "😀"),
        ({"k\udfff": 1}, {"k\ufffd": 1}),
        (float("nan"), None),
        (float("inf"), None),
        ((1, {2}), [1, [2]]),
        ({1: "a"}, {"1": "a"}),
        ({(1, 2): "a"}, {"(1, 2)": "a"}),
        (datetime(2026, 11, 22, tzinfo=UTC), "2026-11-22T00:00:00Z"),
    ],
)
def test_values_that_json_cannot_hold_are_written_as_near_as_can_be(
    content: Any, written: Any
) -> None:
    assert encoded(content) == written


def test_an_object_without_a_json_form_becomes_a_marked_placeholder() -> None:
    mark = {PLACEHOLDER: f"{Opaque.__module__}.Opaque", "repr": "<no repr>"}
    assert encoded([Opaque(), "\ud800"]) == [mark, "\ufffd"]


def test_a_placeholder_itself_can_always_be_written() -> None:
    class Half:
        def __repr__(self) -> str:
            return "\ud800" * 2000

    assert encoded(Half())["repr"] == "\ufffd" * 999 + "…"


def test_text_of_a_subclass_of_str_is_text() -> None:
    accessor = AIMessage("under the sofa").text
    assert type(accessor) is not str
    assert encoded(accessor) == "under the sofa"
    answer = ev.Answer(data=ev.AnswerData(output=accessor))
    assert decode(encode(answer)) == answer


def test_a_lone_surrogate_leaves_a_line_that_fits_the_schema_and_can_be_read() -> None:
    """Optional fields that are not set are left out there too: `raw`, and a token's `index`."""
    line = encode(ev.LlmToken(data=ev.LlmTokenData(channel="text", delta="a\ud83d")))
    VALIDATOR.validate(json.loads(line))
    assert decode(line) == ev.LlmToken(data=ev.LlmTokenData(channel="text", delta="a\ufffd"))


def test_a_cyclic_structure_is_encoded() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    assert PLACEHOLDER in json.dumps(encoded(cycle))


def test_a_surrogate_in_an_unknown_event_is_no_error() -> None:
    unknown = ev.Unknown(fields={"type": "x", "data": "\ud800"})
    assert json.loads(encode(unknown)) == {"type": "x", "data": "\ufffd"}


def test_the_header_is_told_from_an_event() -> None:
    header = Header(schema=ev.SCHEMA, catagent="0.1.0", created="2026-11-22T12:00:00Z")
    assert decode_header(encode_plain(header)) == header
    assert decode_header(b"{}") is None
    assert decode_header(b"\xff") is None


def test_a_field_that_a_later_version_adds_is_no_error() -> None:
    line = json.loads(encode(node(1))) | {"new": True}
    assert decode(json.dumps(line)) == node(1)


def test_a_placeholder_is_not_cut_through_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "canary-4711-canary")

    class Wordy:
        def __repr__(self) -> str:
            return "x" * 990 + "canary-4711-canary" + "y" * 100

    assert "cana" not in placeholder(Wordy())["repr"]
