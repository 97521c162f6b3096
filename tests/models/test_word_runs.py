"""The embedded model's arguments are copied: only what was said may be written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_openai_messages,
)

from catagent.models.embedded.word_runs import MAX_WORDS, given_texts, narrowed, word_runs

TOOL = {
    "type": "function",
    "function": {
        "name": "get_items",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
    },
}


def places(*texts: str) -> list[str]:
    tool = narrowed([TOOL], texts)[0]
    found: dict[str, Any] = tool["function"]["parameters"]["properties"]["place"]
    choices: list[str] = found.get("enum", [])
    return choices


def test_any_run_of_words_is_a_choice() -> None:
    """Whole words, as they were written, in their order."""
    runs = places("what's in the old barn?")
    assert {"the old barn", "old barn", "barn", "the old barn?"} <= set(runs)
    assert not {"barn old", "arn", "a barn"} & set(runs)


def test_word_runs_come_without_the_punctuation_around_them() -> None:
    """Quotes, brackets and stops go one by one: a bracket may belong to the name."""
    assert {"The Howling Pantry", "'The Howling Pantry'"} <= set(places("in 'The Howling Pantry'."))
    assert "the north (upper) barn (old)" in places("what's in the north (upper) barn (old)?")


def test_word_runs_are_taken_from_people_and_tools_alone() -> None:
    messages = [
        SystemMessage("You are"),
        HumanMessage("where?"),
        AIMessage("Let me look"),
        ToolMessage("under the sofa", tool_call_id="a"),
    ]
    sent = convert_to_openai_messages(messages)
    assert isinstance(sent, list)
    assert given_texts(sent) == ["where?", "under the sofa"]


def test_a_long_text_gives_no_word_runs() -> None:
    """They would make a grammar of thousands of rules; without them, the tool is unchanged."""
    assert list(word_runs("word " * (MAX_WORDS + 1))) == []
    assert narrowed([TOOL], ["word " * (MAX_WORDS + 1)]) == [TOOL]


def test_narrowing_leaves_the_given_tool_unchanged() -> None:
    before = json.dumps(TOOL)
    narrowed([TOOL], ["a place"])
    assert json.dumps(TOOL) == before


@given(st.text())
def test_every_word_run_stands_in_the_text(text: str) -> None:
    assert all(run in text for run in word_runs(text))
