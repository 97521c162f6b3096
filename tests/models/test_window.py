"""The embedded model is sent the newest turns of a long conversation, and the person is told."""

from __future__ import annotations

from typing import Any

import pytest

from catagent.models.embedded.window import ROOM, STEP, newest
from catagent.models.embedded.word_runs import CopyingChatOpenAI

SYSTEM = {"role": "system", "content": "You are"}


def turns(count: int, length: int = 400) -> list[dict[str, Any]]:
    asked = [{"role": "user", "content": f"{n} ".ljust(length // 2)} for n in range(count)]
    call = {"function": {"name": "get", "arguments": "{}"}}
    did: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [call]}
    told = {"role": "tool", "content": "x" * (length // 2 - 2)}
    messages = (message for each in asked for message in (each, did, told))
    return [SYSTEM, *messages]


def test_a_conversation_of_six_turns_is_sent_whole() -> None:
    messages = turns(6)
    assert newest(messages) == (messages, 0)


@pytest.mark.parametrize("count", [11, 13])
def test_oldest_turns_go_whole_and_several_at_once(count: int) -> None:
    """What is sent begins alike for some turns: llama.cpp has it in its cache."""
    messages = turns(count)
    sent, gone = newest(messages)
    assert (sent, gone) == ([SYSTEM, *messages[1 + 3 * STEP :]], STEP)
    assert sum(len(message["content"] or "") for message in sent) <= ROOM


def test_the_last_turn_stays_whatever_its_length() -> None:
    messages = turns(3, 4 * ROOM)
    assert newest(messages) == ([SYSTEM, *messages[-3:]], 2)


def test_the_model_says_once_a_turn_how_many_it_is_not_sent() -> None:
    heard: list[int] = []
    options: dict[str, Any] = {"api_key": "none", "on_forgotten": heard.append}
    model = CopyingChatOpenAI(model="local", **options)
    pairs = [("user", "x" * ROOM), ("assistant", "no")] * 3
    payload = model._get_request_payload([("system", "You are"), *pairs, ("user", "and?")])
    assert [message["content"] for message in payload["messages"]] == ["You are", "and?"]
    assert heard == [3]
