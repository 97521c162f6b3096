"""What a model wrote is put in order again, and an answer that repeats it is known for that."""

from __future__ import annotations

import pytest

from catagent.events import types as ev
from catagent.events.said import in_order, of_run, repeats
from catagent.events.state import RunState, reduce
from tests.support.runs import NAMED, named_run

SAID = [("text", "Let me see."), ("block", NAMED[0]), ("text", "They sleep."), ("block", NAMED[1])]


@pytest.mark.parametrize("streamed", [True, False])
def test_text_and_blocks_come_in_the_order_of_the_message(streamed: bool) -> None:
    state = RunState()
    for event in named_run(streamed=streamed):
        reduce(state, event)
    assert of_run(state.llms["m"]) == SAID


def test_a_message_that_is_no_list_of_blocks_has_them_last() -> None:
    data = ev.LlmFinishedData(model="m", text="a", named_blocks=["[b]"])
    for message in (None, ev.Message(type="ai", content="a")):
        data.message = message
        assert list(in_order(data)) == [("text", "a"), ("block", "[b]")]


def test_names_that_a_message_has_not_come_last_and_empty_ones_not_at_all() -> None:
    message = ev.Message(type="ai", content="a\n[b]\nc", blocks=[])
    data = ev.LlmFinishedData(model="m", text="ac", message=message)
    data.named_blocks = ["", "[b]", "[x]", "[b]"]
    said = [("text", "a"), ("block", "[b]"), ("text", "c"), ("block", "[x]"), ("block", "[b]")]
    assert list(in_order(data)) == said


def test_a_call_that_broke_off_has_what_came() -> None:
    state = RunState()
    for event in named_run()[:6]:
        reduce(state, event)
    assert of_run(state.llms["m"]) == [("text", "Let me see."), ("block", NAMED[0])]


def test_an_answer_repeats_text_and_names_whatever_lines_they_are_on() -> None:
    assert repeats("a\n[i]\nb", "ab", ["[i]"])
    assert repeats("ab", "ab\n", [])
    assert repeats("[i]", "", ["[i]"])
    assert not repeats("a\n[j]", "a", ["[i]"])
    assert not repeats("ac", "ab", [])
