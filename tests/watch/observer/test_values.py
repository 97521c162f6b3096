"""Objects as JSON values: messages whole once, strangers never asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from _catagent_observer.values import CUT, Encoder, dumps
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
)
from langgraph.types import Command, Send
from pydantic import BaseModel, ConfigDict

WHOLE = {"$m": 1, "v": {"type": "human", "content": "hello"}}


class Colour(Enum):
    """An enum of the program's."""

    RED = "red"


class Model(BaseModel):
    """A model of the program's."""

    model_config = ConfigDict(extra="allow")
    number: int = 1

    @property
    def asked(self) -> str:
        raise AssertionError


@dataclass
class Data:
    """A dataclass of the program's."""

    name: str


class Stranger:
    """Whose every property, text and comparison is none of the observer's business."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(name)

    def __repr__(self) -> str:
        raise AssertionError

    def __eq__(self, other: object) -> bool:
        raise AssertionError

    __hash__ = None  # type: ignore[assignment]


HERE = f"{__name__}."


def of_langgraph(name: str, **fields: Any) -> dict[str, Any]:
    return {"$o": f"langgraph.types.{name}", "v": fields}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, {2}, None, True, 1.5), [1, [2], None, True, 1.5]),
        ({1: "a", None: "b", (1, 2): "c"}, {"1": "a", "None": "b", "<builtins.tuple>": "c"}),
        ({"$ref": 1}, {"$d": {"$ref": 1}}),
        (b"ab", {"$bytes": "YWI="}),
        (Colour.RED, "red"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (float("nan"), {"$unserialisable": "builtins.float"}),
        (2**70, {"$unserialisable": "builtins.int"}),
        (Data("a"), {"$o": f"{HERE}Data", "v": {"name": "a"}}),
        (Model.model_validate({"more": 2}), {"$o": f"{HERE}Model", "v": {"number": 1, "more": 2}}),
        (
            Command(goto="next"),
            of_langgraph("Command", graph=None, update=None, resume=None, goto="next"),
        ),
        (Send("node", {"x": 1}), of_langgraph("Send", node="node", arg={"x": 1}, timeout=None)),
        (ValueError("no"), {"type": "ValueError", "message": "no"}),
        ("\ud83d", "\ud83d"),
    ],
)
def test_a_value_has_the_form_that_the_design_gives_it(value: Any, expected: Any) -> None:
    made = Encoder().value(value)
    assert made == expected
    assert json.loads(dumps(made)) == expected


def test_a_stranger_is_named_and_nothing_of_it_is_asked() -> None:
    made = Encoder().value({"here": [Stranger(), 1]})
    assert made == {"here": [{"$unserialisable": f"{HERE}Stranger"}, 1]}


def test_what_contains_itself_ends_somewhere() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    assert len(dumps(Encoder().value(loop))) < 100_000_000


def test_a_long_text_is_cut_and_a_huge_record_comes_to_an_end() -> None:
    encoder = Encoder()
    assert encoder.value("a" * 2_000_000) == "a" * (1 << 20) + CUT
    encoder.begin()
    assert len(dumps(encoder.value(["b" * 1_000_000] * 100))) < 20_000_000


def test_a_message_is_whole_once_and_a_number_after_that() -> None:
    encoder, message = Encoder(), HumanMessage("hello")
    assert encoder.value(message) == WHOLE
    assert encoder.value({"messages": [message]}) == {"messages": [{"$m": 1}]}
    encoder.forget()
    assert encoder.value(message)["v"] == WHOLE["v"]


def test_known_messages_whose_numbers_follow_one_another_are_a_range() -> None:
    encoder = Encoder()
    a, b, c, d = (HumanMessage(text) for text in "abcd")
    encoder.value([a, b, c])
    assert encoder.value([a, b, c, d, b]) == [{"$m": [1, 3]}, encoded(4, "d"), {"$m": 2}]


def encoded(number: int, text: str) -> dict[str, Any]:
    return {"$m": number, "v": {"type": "human", "content": text}}


@pytest.mark.parametrize("change", ["content", "block", "arguments", "id"])
def test_a_message_that_was_changed_in_place_is_whole_again(change: str) -> None:
    call = {"name": "t", "args": {"x": 1}, "id": "c"}
    message = AIMessage([{"type": "text", "text": "a"}], tool_calls=[call])
    encoder = Encoder()
    encoder.value(message)
    changed: Any = message
    if change == "content":
        changed.content = "b"
    elif change == "block":
        changed.content[0]["cache_control"] = {"type": "ephemeral"}
    elif change == "arguments":
        changed.tool_calls[0]["args"]["x"] = 2
    else:
        changed.id = "new"
    again = encoder.value(message)
    assert again["$m"] == 1
    assert again["v"]["type"] == "ai"
    assert encoder.value(message) == {"$m": 1}


def test_observed_tool_messages_that_get_an_id_leave_no_gap_in_the_numbers() -> None:
    """A graph gives them one when it adds them; a gap at every step would make prompts grow."""
    encoder, state = Encoder(), [ToolMessage(str(at), tool_call_id="c") for at in range(9)]
    for message in state:
        encoder.value(message)
        message.id = f"id-{message.content}"
        encoder.value(message)
    assert encoder.value(state) == [{"$m": [1, 9]}]


def test_a_number_that_stands_for_alike_messages_is_not_taken_by_one_that_changes() -> None:
    encoder, first = Encoder(), HumanMessage("hello")
    encoder.prompt([first])
    first.content = "changed"
    assert encoder.prompt([first]) == [encoded(2, "changed")]
    assert encoder.prompt([HumanMessage("hello")]) == [{"$m": 1}]


def test_a_prompt_that_is_made_anew_at_every_step_is_sent_once() -> None:
    encoder = Encoder()
    prompt: list[list[BaseMessage]] = [
        [HumanMessage("hello"), ToolMessage("1", tool_call_id="c")] for _ in range(2)
    ]
    encoder.prompt(prompt[0])
    assert encoder.prompt(prompt[1]) == [{"$m": [1, 2]}]


def test_two_messages_of_a_state_that_are_alike_stay_two() -> None:
    encoder = Encoder()
    first, second = (ToolMessage("ok", tool_call_id="call_0") for _ in range(2))
    assert [encoder.value(first)["$m"], encoder.value(second)["$m"]] == [1, 2]


def test_a_message_that_is_gone_is_let_go_of() -> None:
    encoder = Encoder()
    for at in range(100):
        encoder.value(HumanMessage(str(at)))
    assert encoder._known == {}


def test_a_streamed_piece_has_no_number_and_nothing_that_follows_from_the_rest() -> None:
    piece = AIMessageChunk(
        content="", tool_call_chunks=[{"name": "t", "args": "{", "id": None, "index": 0}]
    )
    made = Encoder().chunk(piece)
    assert made["$m"] is None
    assert made["v"].keys() == {"type", "tool_call_chunks"}
