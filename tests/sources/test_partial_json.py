"""Half-written JSON is read as LangChain reads it, and in linear time."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, ai
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.utils.json import parse_partial_json

import catagent.sources.driven  # noqa: F401 - which puts it into place

pytestmark = pytest.mark.versions

ARGS = json.dumps(
    {"place": 'under the "sofa"\n', "at": [1, -25, True, None, {"a": "b\\"}], "z": {}}
)


def read(text: str) -> Any:
    return ai.parse_partial_json(text)  # type: ignore[attr-defined]


@pytest.mark.parametrize("length", range(1, len(ARGS) + 1))
def test_arguments_are_read_the_same_wherever_they_are_cut(length: int) -> None:
    assert read(ARGS[:length]) == parse_partial_json(ARGS[:length])


def chunk(args: str) -> AIMessageChunk:
    piece = tool_call_chunk(name="f", args=args, id="1", index=0)
    return AIMessageChunk(content="", tool_call_chunks=[piece])


@pytest.mark.parametrize("piece", ["x ", "1, ", ': "a", ', '"', "[", "{", '{"a": tru', "\\u"])
def test_a_piece_from_the_middle_is_not_a_call(piece: str) -> None:
    assert not chunk(f"x {piece}").tool_calls


@pytest.mark.parametrize(
    "pattern", ["x ", '{"a": x', "{a: ", '{"a": "\\x', "1, ", "[", '"', '{"a":']
)
def test_a_piece_eight_times_as_long_takes_no_more_than_linear_time(pattern: str) -> None:
    def cost(size: int) -> float:
        text = pattern * (size // len(pattern))
        began = time.process_time()
        chunk(text)
        return time.process_time() - began

    assert min(map(cost, [1 << 19] * 3)) < 24 * min(map(cost, [1 << 16] * 3)) + 0.02
