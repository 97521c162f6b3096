"""What a server sends as JSON, as stand-ins for LangChain's objects."""

import pytest

from catagent.remote.objects import Json, message_of, restored
from catagent.sources.kinds import is_ai, is_message, is_tool_message
from catagent.sources.messages import message_of as as_plain
from catagent.sources.messages import tool_calls_of
from catagent.sources.nodes import updates_of

CALL = {"name": "places", "args": {"kind": "cat"}, "id": "c1", "type": "tool_call"}


def test_messages_in_a_state_that_a_server_sends_stand_for_langchains() -> None:
    said = {"type": "ai", "content": "", "id": "run--1", "tool_calls": [CALL], "unknown": 1}
    answered = {"type": "tool", "content": "here", "tool_call_id": "c1", "artifact": [1]}
    state = restored({"messages": [said, answered], "n": 1})
    ai, tool = state["messages"]
    assert [is_ai(ai), is_tool_message(tool), state["n"]] == [True, True, 1]
    assert [(call.name, call.args) for call in tool_calls_of(ai)] == [("places", {"kind": "cat"})]
    assert as_plain(tool).artifact == [1]


def test_a_command_that_a_server_sends_updates_the_state_as_langgraphs_does() -> None:
    update = {"messages": [{"type": "ai", "content": "here"}]}
    command: Json = {"graph": None, "update": update, "resume": None, "goto": []}
    [part] = updates_of(restored([command]))
    assert is_ai(part["messages"][0])


@pytest.mark.parametrize(
    "fields",
    [
        {"content": 3},
        {"content": [3]},
        {"content": "x", "id": 3},
        {"content": "x", "tool_calls": [{"name": 1}]},
        {"content": "x", "tool_calls": {"name": "x"}},
        {"content": "x", "tool_call_chunks": [{"args": "{}"}]},
        {"content": "x", "response_metadata": []},
        {"content": "x", "type": ["ai"]},
    ],
    ids=str,
)
def test_what_a_server_sends_of_another_shape_is_no_message(fields: Json) -> None:
    given = {"type": "ai", **fields}
    assert message_of(given) is None
    assert not is_message(restored(given))


def test_nesting_without_end_that_a_server_sends_is_left_as_it_is() -> None:
    deep: Json = {}
    for _ in range(900):
        deep = {"x": deep}
    assert restored(deep) == deep
