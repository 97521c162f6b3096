"""A message is whole once in a stream, and a ref always means what was said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from catagent.events import types as ev
from catagent.events.codec import decode, encode, encode_plain
from catagent.events.prompts import Prompts
from catagent.sources import prompts
from catagent.sources.messages import message_of
from catagent.sources.prompts import Known

# Few ids and few texts, so that they meet: in one list, and in agents that run at the same time.
MESSAGES: list[BaseMessage] = [
    *(HumanMessage(text, id=key) for text in "ab" for key in ("1", "2", None)),
    *(AIMessage(text, id="1") for text in "ab"),
    ToolMessage([{"type": "text", "text": "a"}], id="2", tool_call_id="c"),
    ToolMessage([{"type": "text", "text": "b"}], tool_call_id="c"),
]
chosen = st.sampled_from(MESSAGES)
anew = st.builds(lambda message: message.model_copy(), chosen)
lists = st.lists(st.one_of(chosen, anew), max_size=6)
places = st.lists(st.tuples(st.sampled_from(["whole", "messages", "data", "quiet"]), lists))


def written(known: Known, place: str, messages: list[BaseMessage]) -> Any:
    """What such a place in the stream says of the messages, as JSON."""
    match place:
        case "whole":
            told: Any = [known.whole(message) for message in messages]
        case "messages":
            told = known.messages(messages)
        case _:
            told = known.data({"some": [1, messages]}, quiet=place == "quiet")["some"][1]
    return msgspec.json.decode(encode_plain(told))


def resolved(told: list[Any], last: dict[str, Any]) -> list[Any]:
    """The messages of one place, by the rule: each as the forms that it may have.

    That is one, and for those that a quiet ref is silent on, any that is known there.
    """
    found: list[Any] = []
    for item in told:
        found += [list(last.values())] * item.get("before", 0)
        if "ref" not in item:
            last[item["id"]] = item
        found.append([last[item["ref" if "ref" in item else "id"]]])
    return found


def meant(messages: list[BaseMessage]) -> Iterator[dict[str, Any]]:
    for message in messages:
        form = msgspec.json.decode(encode_plain(message_of(message)))
        yield form if message.id else form | {"id": None}


def agrees(found: list[Any], messages: list[BaseMessage]) -> bool:
    """Whether these are the messages, but for the ids that they have here alone."""
    given = list(meant(messages))
    return len(found) == len(given) and all(
        any(same(form, other) for form in forms) for forms, other in zip(found, given, strict=True)
    )


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one | {"id": other["id"] and one["id"]} == other


@given(places)
def test_a_ref_means_the_last_whole_before_it_in_the_stream_with_and_without_nodes(
    stream: list[tuple[str, list[BaseMessage]]],
) -> None:
    known = Known()
    everywhere: dict[str, Any] = {}
    loud: dict[str, Any] = {}
    for place, messages in stream:
        told = written(known, place, messages)
        assert agrees(resolved(told, everywhere), messages)
        if place != "quiet":
            assert agrees(resolved(told, loud), messages)


@given(st.lists(st.tuples(st.booleans(), st.lists(st.one_of(chosen, anew), max_size=9))))
def test_long_runs_of_refs_mean_what_each_model_was_sent(
    stream: list[tuple[bool, list[BaseMessage]]],
) -> None:
    known, reader = Known(few=1), Prompts()
    for is_prompt, messages in stream:
        if not is_prompt:
            answer = ev.AnswerData(output="", messages=[known.whole(m) for m in messages])
            reader.take(decode(encode(ev.Answer(data=answer))))
            continue
        data = ev.LlmStartedData(model="m", messages=known.messages(messages))
        started = decode(encode(ev.LlmStarted(data=data)))
        assert isinstance(started, ev.LlmStarted)
        reader.take(started)
        told = msgspec.json.decode(encode_plain(reader.messages(started.data)))
        assert agrees([[each] for each in told], messages)


def test_the_prompts_of_a_long_run_are_linear_in_it() -> None:
    known, history, sizes = Known(), [HumanMessage("why?", id="q")], []
    for step in range(400):
        history = [*history, HumanMessage(str(step), id=f"m{step}")]
        sizes.append(len(encode_plain(known.messages(history))))
    assert max(sizes[200:]) < 2 * max(sizes[:100])


def test_a_message_is_whole_once_and_again_when_it_changes() -> None:
    known = Known()
    message = HumanMessage("a", id="1")
    assert known.messages([message, message]) == [message_of(message), ev.Ref("1")]
    message.content = "b"
    assert known.messages([message]) == [message_of(message)]
    assert known.whole(message).content == "b"
    assert known.messages([message]) == [ev.Ref("1")]


def test_a_message_without_an_id_is_known_by_what_it_says() -> None:
    known = Known()
    (first,) = known.messages([SystemMessage("be a cat")])
    assert isinstance(first, ev.Message)
    assert str(first.id).startswith("sha256-")
    assert len(str(first.id)) == len("sha256-") + 16
    assert known.messages([SystemMessage("be a cat")]) == [ev.Ref(str(first.id))]
    (other,) = known.messages([HumanMessage("be a cat")])
    assert isinstance(other, ev.Message)


def test_what_only_a_node_says_is_whole_again_elsewhere() -> None:
    known = Known()
    message = HumanMessage("a", id="1")
    whole = msgspec.to_builtins(message_of(message))
    assert known.data([message], quiet=True) == [whole]
    assert known.data({"in": message}, quiet=True) == {"in": {"ref": "1"}}
    assert known.data([message]) == [whole]
    assert known.data([message]) == [{"ref": "1"}]


def test_a_list_of_a_node_that_begins_with_known_messages_has_one_ref_for_them() -> None:
    known = Known()
    messages = [HumanMessage(str(number), id=str(number)) for number in range(4)]
    known.messages(messages[:3])
    told = known.data({"messages": [*messages, "x", {1}]}, quiet=True)["messages"]
    assert told[0] == {"ref": "2", "before": 2}
    assert told[1]["content"] == "3"
    assert told[2:] == ["x", [1]]
    assert known.data(messages)[:3] == [{"ref": "0"}, {"ref": "1"}, {"ref": "2"}]


def test_tools_are_whole_once_and_again_when_they_change() -> None:
    known = Known()
    tool = {"type": "function", "function": {"name": "f", "description": "a"}}
    assert known.tools([tool, "g"]) == [ev.Tool(name="f", description="a"), ev.Tool(name="g")]
    assert known.tools([tool, "g"]) == [ev.Ref("f"), ev.Ref("g")]
    assert known.tools([{"name": "f"}, tool]) == [
        ev.Tool(name="f"),
        ev.Tool(name="f", description="a"),
    ]


def conversation(steps: int) -> list[BaseMessage]:
    found: list[BaseMessage] = [HumanMessage("q", id="q")]
    for step in range(steps):
        call = {"name": "f", "args": {"a": step}, "id": f"c{step}"}
        found.append(AIMessage("x" * 1000, id=f"a{step}", tool_calls=[call]))
        found.append(ToolMessage("y" * 1000, id=f"t{step}", tool_call_id=f"c{step}"))
    return found


def test_each_message_of_a_long_run_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node events of it are linear in its steps, and so is the work."""
    read: list[BaseMessage] = []

    def counted(message: BaseMessage) -> ev.Message:
        read.append(message)
        return message_of(message)

    monkeypatch.setattr(prompts, "message_of", counted)
    known, messages = Known(), conversation(100)
    sizes = []
    for end in range(1, len(messages), 2):
        known.messages(messages[:end])
        sizes.append(len(encode_plain(known.data({"messages": messages[:end]}, quiet=True))))
    assert len(read) == len(messages) - 2
    assert max(sizes[1:]) < 100


def test_objects_that_are_made_anew_at_every_step_are_not_kept() -> None:
    known = Known()
    for _ in range(20):
        known.messages([message.model_copy() for message in conversation(5)])
    assert len(known._forms._made) == len(conversation(5))
