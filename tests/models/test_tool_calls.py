"""Tool calls in whatever form a server streams them: each is made, once, and none is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.errors import ModelError
from catagent.models.factory import Models
from catagent.models.openai_client.tool_calls import ToolCalls
from tests.models.conftest import AnswerTo, UseModels
from tests.support.replies import streaming_chunks, streaming_deltas
from tests.support.server import ScriptedServer

pytestmark = pytest.mark.versions

Delta = dict[str, Any]
WHERE: tuple[str, Delta] = ("where_cat_is_hiding", {})
ITEMS: tuple[str, Delta] = ("get_items", {"place": "sofa"})
TOOLS = [{"type": "function", "function": {"name": "get_items", "parameters": {}}}]


def piece(name: Any = None, args: Any = None, **fields: Any) -> Delta:
    """A piece of a tool call: `name` and `args` where they are given."""
    function = {"name": name, "arguments": args}
    return {**fields, "function": {k: v for k, v in function.items() if v is not None}}


def calls(*pieces: Delta) -> Delta:
    return {"tool_calls": list(pieces)}


async def ask(models: Models) -> Any:
    return await models.tool.bind_tools(TOOLS).ainvoke("hi")


def each(*pieces: Delta) -> list[Delta]:
    """The pieces, in a delta of its own each."""
    return [calls(one) for one in pieces]


WHOLE = '{"place": "sofa"}'
HEAD = piece("get_items", "", id="a")
REST = [piece(args=letter) for letter in WHOLE]
ONE = {
    "no index": each(piece("get_items", WHOLE, id="a", type="function")),
    "no index, after text": [{"content": "Hm."}, *each(piece("get_items", WHOLE, id="a"))],
    "in pieces": each(HEAD, *REST),
    "in pieces, no id": each(piece("get_items", ""), *REST),
    "id again": each(HEAD, *({**one, "id": "a"} for one in REST)),
    "name again": each(*(piece("get_items", letter, id="a") for letter in WHOLE)),
    "name again, no id": each(*(piece("get_items", letter) for letter in WHOLE)),
    "name again at the end": each(*(piece("get_items", t, index=0) for t in ("", WHOLE, ""))),
    "other ids": each(
        {**HEAD, "index": 0}, *({**one, "id": f"b{i}", "index": 0} for i, one in enumerate(REST))
    ),
    "other ids, no index": each(HEAD, *({**one, "id": f"b{i}"} for i, one in enumerate(REST))),
    "index at FIRST": each({**HEAD, "index": 0}, *REST),
    "index later": each(HEAD, piece(args=WHOLE, index=0)),
    "index as text": each({**HEAD, "index": "0"}, *({**one, "index": 0} for one in REST)),
    "index 1": each(piece("get_items", WHOLE, id="a", index=1)),
    "no id": each(piece("get_items", WHOLE, index=0)),
    "empty id": each(piece("get_items", WHOLE, id="", index=0)),
    "null": each(piece("get_items", WHOLE, id=None, index=None, type=None)),
    "number as id": each(piece("get_items", WHOLE, id=17, index=0)),
    "id late": each(piece("get_items", index=0), piece(args=WHOLE, index=0, id="a")),
    "id FIRST": each({"index": 0, "id": "a"}, piece("get_items", WHOLE, index=0)),
    "name in pieces": each(
        piece("get_", id="a", index=0, type="function"),
        piece("items", index=0),
        piece(args=WHOLE, index=0),
    ),
    "object": each(piece("get_items", {"place": "sofa"}, id="a", index=0)),
    "flat": each({"name": "get_items", "arguments": WHOLE, "id": "a"}),
    "flat, args": each({"name": "get_items", "args": {"place": "sofa"}, "id": "a"}),
    "no list": [{"tool_calls": piece("get_items", WHOLE, id="a")}],
    "function null": each(piece("get_items", WHOLE, id="a"), {"index": 0, "function": None}),
    "two pieces at once": [calls({**HEAD, "index": 0}, piece(args=WHOLE, index=0))],
    "function_call": [{"function_call": one["function"]} for one in (HEAD, *REST)],
    "function_call, name again": [
        {"function_call": {"name": "get_items", "arguments": letter}} for letter in WHOLE
    ],
    "both": [
        {
            "function_call": {"name": "get_items", "arguments": WHOLE},
            **calls(piece("get_items", WHOLE, id="a", index=0)),
        }
    ],
}


@pytest.mark.parametrize("deltas", ONE.values(), ids=ONE.keys())
@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
def test_one_tool_call_is_made(answer_to: AnswerTo, deltas: list[Delta], reason: str) -> None:
    message = answer_to(streaming_deltas(*deltas, reason=reason), ask)
    (call,) = message.tool_calls
    assert (call["name"], call["args"]) == ITEMS
    assert isinstance(call["id"], str)
    assert call["id"]
    assert message.invalid_tool_calls == []
    assert "function_call" not in message.additional_kwargs


FIRST, SECOND = piece(WHERE[0], "{}"), piece("get_items", WHOLE)
TWO = {
    "no index": each(FIRST, SECOND),
    "no index, at once": [calls(FIRST, SECOND)],
    "no index, ids": each({**FIRST, "id": "a"}, {**SECOND, "id": "b"}),
    "no index, one id, at once": [calls({**FIRST, "id": "a"}, {**SECOND, "id": "a"})],
    "no index, one id": each({**FIRST, "id": "a"}, {**SECOND, "id": "a"}),
    "no arguments": each(piece(WHERE[0], "", id="a"), {**SECOND, "id": "b"}),
    "no arguments, no id": each(
        piece(WHERE[0], "", type="function"), {**SECOND, "type": "function"}
    ),
    "beside one with an index": each({**FIRST, "index": 0}, SECOND),
    "before one with an index": each(FIRST, {**SECOND, "index": 1}),
    "index 0 of each": each({**FIRST, "index": 0, "id": "a"}, {**SECOND, "index": 0, "id": "b"}),
    "index 0 of each, no id": each({**FIRST, "index": 0}, {**SECOND, "index": 0}),
    "in pieces": each(FIRST, piece("get_items", WHOLE[:4]), piece(args=WHOLE[4:])),
    "in turn": [
        calls(piece(WHERE[0], id="a"), piece("get_items", id="b")),
        *each(piece(args=WHOLE[:4], id="b"), piece(args="{}", id="a")),
        *each(piece(args=WHOLE[4:], id="b")),
    ],
    "indices in turn": [
        calls(piece(WHERE[0], index=1), piece("get_items", index=0)),
        *each(piece(args=WHOLE, index=0), piece(args="{}", index=1)),
    ],
    "function_call twice": [{"function_call": one["function"]} for one in (FIRST, SECOND)],
}


@pytest.mark.parametrize("deltas", TWO.values(), ids=TWO.keys())
def test_two_tool_calls_are_two(answer_to: AnswerTo, deltas: list[Delta]) -> None:
    message = answer_to(streaming_deltas(*deltas, reason="tool_calls"), ask)
    found = [(call["name"], call["args"]) for call in message.tool_calls]
    assert sorted(found, key=repr) == sorted([WHERE, ITEMS], key=repr)


def test_two_calls_that_are_the_same_are_two(answer_to: AnswerTo) -> None:
    message = answer_to(streaming_deltas(calls(SECOND), calls(SECOND)), ask)
    ids = {call["id"] for call in message.tool_calls}
    assert [call["name"] for call in message.tool_calls] == ["get_items"] * 2
    assert len(ids) == 2


def test_calls_after_the_finish_reason_are_made(answer_to: AnswerTo) -> None:
    end = {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}
    message = answer_to(streaming_chunks(end, {"choices": [{"delta": calls(SECOND)}]}))
    assert message.tool_calls[0]["args"] == {"place": "sofa"}


def test_a_call_in_a_message_is_made(answer_to: AnswerTo) -> None:
    choice = {"message": {"role": "assistant", **calls(SECOND)}, "finish_reason": "tool_calls"}
    message = answer_to(streaming_chunks({"choices": [choice]}))
    assert message.tool_calls[0]["args"] == {"place": "sofa"}


def test_a_request_for_a_function_is_answered_with_one(answer_to: AnswerTo) -> None:
    """An agent of the old kind reads it where it has always been."""

    async def offer(models: Models) -> Any:
        return await models.tool.bind(functions=[TOOLS[0]["function"]]).ainvoke("hi")

    deltas = [{"function_call": {"name": "get_items", "arguments": '{"pl'}}]
    deltas += [{"function_call": {"arguments": 'ace": "sofa"}'}}]
    reply = streaming_deltas(*deltas, reason="function_call")
    message = answer_to(reply, offer)
    assert message.tool_calls == []
    assert message.additional_kwargs["function_call"] == {"name": "get_items", "arguments": WHOLE}


@pytest.mark.parametrize(
    "delta",
    [
        *({"tool_calls": found} for found in ("abc", 5, ["abc"], [5], [None], [{"tool": 1}])),
        *({"tool_calls": [{"index": 0, "function": found}]} for found in ("abc", 5, ["abc"])),
        calls(piece(5, "{}")),
        {"function_call": "get_items"},
    ],
)
def test_what_is_not_a_tool_call_is_an_error(answer_to: AnswerTo, delta: Delta) -> None:
    with pytest.raises(ModelError, match="is not a chunk"):
        answer_to(streaming_deltas(delta))


def google(signature: str) -> Delta:
    return {"google": {"thought_signature": signature}}


async def ask_again(models: Models) -> Any:
    """The messages of the second request, after one with tool calls was answered."""
    model = models.tool.bind_tools(TOOLS)
    message = await model.ainvoke("hi")
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "x"} for call in message.tool_calls
    ]
    await model.ainvoke(["hi", message, *results])


def second_request(use_models: UseModels, *deltas: Delta) -> list[Delta]:
    with ScriptedServer(lambda _: streaming_deltas(*deltas, reason="tool_calls")) as server:
        use_models(ask_again, server.url)
        return server.requests[1].messages


def test_the_signature_of_a_thought_is_sent_back_with_its_call(use_models: UseModels) -> None:
    deltas = [
        calls({**FIRST, "extra_content": google("S1")}),
        calls({**SECOND, "id": "b"}),
        calls(piece("get_items", WHOLE, id="c", extra_content=google("S3"))),
    ]
    _, sent, *_ = second_request(use_models, *deltas)
    extras = [call.get("extra_content") for call in sent["tool_calls"]]
    assert extras == [google("S1"), None, google("S3")]
    assert "extra_content" not in sent


def test_a_signature_that_comes_with_every_piece_is_sent_back_once(use_models: UseModels) -> None:
    deltas = [
        calls(piece("get_items", '{"a"', index=0, id="a", extra_content=google("S"))),
        calls(piece(args=": 1}", index=0, extra_content=google("S"))),
        calls({"index": 0, "extra_content": google("S")}),
    ]
    _, sent, *_ = second_request(use_models, *deltas)
    assert [call["extra_content"] for call in sent["tool_calls"]] == [google("S")]


def test_the_signature_of_a_message_is_sent_back_with_it(use_models: UseModels) -> None:
    deltas: list[Delta] = [
        {"content": "Hm.", "extra_content": {"google": {"thought": True}}},
        {"content": "Hm.", "extra_content": {"google": {"thought": True}}},
        {"extra_content": google("S")},
        calls(SECOND),
    ]
    _, sent, *_ = second_request(use_models, *deltas)
    assert sent["extra_content"] == {"google": {"thought": True, "thought_signature": "S"}}


def test_reasoning_is_sent_back_to_servers_that_want_it(use_models: UseModels) -> None:
    """DeepSeek answers 400 without it; servers with another name for it refuse this one."""
    for name, back in (("reasoning_content", "Let me see"), ("reasoning", None)):
        deltas = [*({name: text} for text in ("Let ", "me see")), calls(SECOND)]
        _, sent, *_ = second_request(use_models, *deltas)
        assert sent.get("reasoning_content") == back


def test_made_up_ids_are_the_same_in_the_next_request(use_models: UseModels) -> None:
    _, sent, *results = second_request(use_models, calls(FIRST), calls(SECOND))
    ids = [call["id"] for call in sent["tool_calls"]]
    assert len(set(ids)) == 2
    assert [result["tool_call_id"] for result in results] == ids


# Without what ends a call.
texts = st.text(st.sampled_from('{"\\aé'), max_size=8)


@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), texts, max_size=2), max_size=4),
    st.data(),
)
def test_calls_in_pieces_of_any_size_are_those_that_were_written(
    written: list[dict[str, str]], data: st.DataObject
) -> None:
    """With an index or without, with an id or without, the name once or always."""
    has_index, has_id, repeats = (data.draw(st.booleans()) for _ in range(3))
    reader = ToolCalls()
    read: dict[int, list[str]] = {}
    for place, args in enumerate(written):
        text = json.dumps(args)
        cuts = sorted(data.draw(st.sets(st.integers(1, len(text) - 1), max_size=3)))
        for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
            fields: dict[str, Any] = {"index": place} if has_index else {}
            fields |= {"id": f"call_{place}"} if has_id else {}
            is_named = repeats or start == 0
            given_piece = piece("get_items" if is_named else None, text[start:end], **fields)
            (form,) = reader.read([given_piece])
            read.setdefault(form["index"], []).append(form["function"]["arguments"])
    assert ["".join(parts) for parts in read.values()] == list(map(json.dumps, written))
