"""Chunks in whatever form a server sends them: read as they are meant, or an error that says so."""

from __future__ import annotations

import warnings
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from catagent.errors import ModelError
from catagent.models.factory import Models
from tests.models.conftest import AnswerTo
from tests.support.replies import streaming, streaming_chunks, streaming_deltas

pytestmark = pytest.mark.versions

Chunk = dict[str, Any]


def choice(delta: Any, **fields: Any) -> Chunk:
    return {"choices": [{"index": 0, "delta": delta, **fields}]}


SO, END = {"content": "So"}, choice({}, finish_reason="stop")
FORMS = {
    "delta null at the end": [choice(SO), choice(None, finish_reason="stop")],
    "no delta at the end": [choice(SO), {"choices": [{"index": 0, "finish_reason": "stop"}]}],
    "choices null": [choice(SO), {"choices": None}, END],
    "no choices": [choice(SO), {"id": "c"}, END],
    "content null": [choice({"role": "assistant", "content": None}), choice(SO), END],
    "finish reason before the text": [END, choice(SO)],
    "finish reason twice": [choice(SO, finish_reason="stop"), END, END],
    "finish reason of no text": [
        choice(SO, finish_reason=""),
        choice({}, finish_reason="null"),
        END,
    ],
    "message": [{"choices": [{"message": SO, "finish_reason": "stop"}]}],
    "messages in pieces": [{"choices": [{"message": {"content": text}}]} for text in "So"] + [END],
    "delta null and message": [{"choices": [{"delta": None, "message": SO}]}, END],
    "message repeats the deltas": [
        {"choices": [{"delta": {"content": text}, "message": SO}]} for text in "So"
    ]
    + [{"choices": [{"delta": {}, "message": SO, "finish_reason": "stop"}]}],
    "index as text": [{"choices": [{"index": "0", "delta": SO}]}, END],
    "text": [{"choices": [{"text": "So", "finish_reason": "stop"}]}],
    "text in the delta": [choice({"text": text}) for text in "So"] + [END],
    "odd logprobs": [choice(SO, logprobs=5), choice({}, logprobs="abc"), END],
    "parts": [choice({"content": [{"type": "text", "text": text}]}) for text in "So"] + [END],
    "tool calls null": [choice({**SO, "tool_calls": None, "function_call": None}), END],
    "tool calls empty": [choice({**SO, "tool_calls": [], "refusal": None}), END],
    "an id for each": [choice({**SO, "id": 5}), END],
    "odd fields": [{**choice(SO), "service_tier": [], "model": 5, "system_fingerprint": {}}, END],
    "typed": [{**choice(SO), "type": "content.delta", "chunk": None}, END],
    **{
        f"role {role}": [choice({"role": role, **SO}), END]
        for role in ("user", "system", "developer", "tool", "function", "model", "", None, 5)
    },
}


@pytest.mark.parametrize("chunks", FORMS.values(), ids=FORMS.keys())
def test_a_text_is_read_in_any_form(answer_to: AnswerTo, chunks: list[Chunk]) -> None:
    message = answer_to(streaming_chunks(*chunks))
    assert (message.type, message.content) == ("ai", "So")
    assert message.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize(
    "delta",
    [
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
        {"content": [{"type": "thinking", "thinking": "Hm"}]},
        {"reasoning": "Hm"},
        {"reasoning_content": "Hm", "reasoning": "Hm"},
    ],
)
def test_reasoning_is_read_in_any_form(answer_to: AnswerTo, delta: Chunk) -> None:
    message = answer_to(streaming_deltas(delta, SO))
    assert message.additional_kwargs["reasoning_content"] == "Hm"
    assert message.content == "So"


def test_an_answer_without_a_choice_is_an_empty_message(answer_to: AnswerTo) -> None:
    assert answer_to(streaming_chunks({"choices": []}, {"id": "c"})).content == ""


def test_blocks_that_are_not_text_are_kept(answer_to: AnswerTo) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    message = answer_to(streaming_deltas(SO, {"content": [image]}))
    assert message.content == ["So", image]


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}, "index": 0}
OTHER = {**IMAGE, "image_url": {"url": "https://c.org/cat.png"}}
FOUND = {"title": "C", "url": "https://c.org"}
RUN = {"type": "search", "index": 0, "arguments": "{}"}
ASIDE: dict[str, tuple[list[Chunk], Any]] = {
    "images": ([choice({"images": [IMAGE]}), choice({"images": [OTHER, IMAGE]})], [IMAGE, OTHER]),
    "annotations": ([choice({}, annotations=[FOUND])], [FOUND]),
    "citations": (
        [{**choice({}), "citations": urls} for urls in (["a"], ["a", "b"], "c", None)],
        ["a", "b"],
    ),
    "search_results": ([{"choices": [], "search_results": [FOUND]}] * 2, [FOUND]),
    "executed_tools": (
        [choice({"executed_tools": [RUN]}), choice({"executed_tools": [{**RUN, "output": "x"}]})],
        [{**RUN, "output": "x"}],
    ),
    "audio": (
        [
            choice({"audio": {"id": "a", "transcript": "Me"}}),
            choice({"audio": {"id": "a", "transcript": "ow", "data": "aGlo"}}),
            choice({"audio": {"data": "aGlo"}}),
            choice({"audio": 5}),
        ],
        {"id": "a", "transcript": "Meow", "data": "aGloaGlo"},
    ),
    "reasoning_details": (
        [
            choice({"reasoning_details": [{"type": kind, "index": 0}]})
            for kind in ("reasoning.text", "reasoning.encrypted")
        ],
        [{"type": "reasoning.text"}, {"type": "reasoning.encrypted"}],
    ),
}


@pytest.mark.parametrize("name", ASIDE)
def test_content_beside_the_text_is_kept_once(answer_to: AnswerTo, name: str) -> None:
    chunks, kept = ASIDE[name]
    message = answer_to(streaming_chunks(choice(SO), *chunks, END))
    assert message.content == "So"
    assert message.additional_kwargs[name] == kept


def test_of_several_answers_the_first_is_read(answer_to: AnswerTo) -> None:
    def both(one: str, two: str) -> Chunk:
        first, second = choice({"content": one}), choice({"content": two})
        return {"choices": [*first["choices"], {**second["choices"][0], "index": 1}]}

    alone = {"choices": [{"index": 1, "delta": {"content": "!"}, "finish_reason": "length"}]}
    for chunks in ([both("S", "N"), both("o", "o")], [alone, choice(SO), alone]):
        message = answer_to(streaming_chunks(*chunks, END))
        assert message.content == "So"
        assert message.response_metadata["finish_reason"] == "stop"
        assert message.response_metadata["has_other_answers"]


def test_a_finish_reason_after_another_is_kept(answer_to: AnswerTo) -> None:
    late = choice({}, finish_reason="content_filter")
    message = answer_to(streaming_chunks({**choice(SO), "model": "m"}, END, late, END))
    assert message.response_metadata["finish_reason"] == "stop, content_filter"


@pytest.mark.parametrize(
    "chunk",
    [
        "abc",
        5,
        [],
        [choice(SO)],
        {"choices": "abc"},
        {"choices": {"0": {}}},
        {"choices": 5},
        {"choices": ["abc"]},
        {"choices": [None]},
        {"choices": [[]]},
        choice("abc"),
        choice(["abc"]),
        choice({"content": 5}),
        choice({"content": True}),
        choice({"content": [5]}),
        choice({"refusal": {"why": "so"}}),
        choice({"extra_content": "abc"}),
    ],
)
def test_what_is_not_a_chunk_is_an_error_that_shows_it(answer_to: AnswerTo, chunk: Any) -> None:
    with pytest.raises(ModelError, match="sent what is not a chunk of an answer: ") as raised:
        answer_to(streaming_chunks(choice(SO), chunk, END))
    assert "OpenAI-compatible" in raised.value.hint


BOO = {"code": 502, "message": "boo"}
FAILED = {
    "in the choice": choice(SO, finish_reason="error", error=BOO),
    "in the choice, as text": choice({}, finish_reason=None, error="boo"),
    "in the second choice": {"choices": [*choice(SO)["choices"], {"index": 1, "error": BOO}]},
    "beside the choice": {**choice({}, finish_reason="error"), "error": BOO},
    "in the delta": choice({"error": BOO}, finish_reason="stop"),
    "MiniMax's": {"base_resp": {"status_code": 1004, "status_msg": "boo"}},
    "MiniMax's, with a choice": {
        **choice(SO, finish_reason="stop"),
        "base_resp": {"status_code": 1027, "status_msg": "boo"},
    },
    "AWS's": {"internalServerException": {"message": "boo", "originalStatusCode": 500}},
    "Apigee's": {"fault": {"faultstring": "boo", "detail": {"errorcode": "x"}}},
    "Groq's": {**choice({}), "x_groq": {"id": "r", "error": "boo"}},
}


@pytest.mark.parametrize("chunk", FAILED.values(), ids=FAILED.keys())
def test_an_error_in_a_chunk_is_raised(answer_to: AnswerTo, chunk: Chunk) -> None:
    with pytest.raises(openai.APIError, match=r"^boo$"):
        answer_to(streaming_chunks(choice(SO), chunk, END))


def test_a_status_of_success_is_not_an_error(answer_to: AnswerTo) -> None:
    status = {"base_resp": {"status_code": 0, "status_msg": ""}}
    assert answer_to(streaming_chunks({**choice(SO), **status}, {**END, **status})).content


@pytest.mark.parametrize(
    ("reason", "native", "told"),
    [
        ("stop", "MAX_TOKENS", "MAX_TOKENS"),
        ("stop", "SAFETY", "SAFETY"),
        ("stop", "STOP", "stop"),
        ("stop", "end_turn", "stop"),
        ("stop", None, "stop"),
        ("length", "MAX_TOKENS", "length"),
    ],
)
def test_a_native_finish_reason_counts_where_it_alone_says_what_is_missing(
    answer_to: AnswerTo, reason: str, native: str | None, told: str
) -> None:
    chunk = choice(SO, finish_reason=reason, native_finish_reason=native)
    assert answer_to(streaming_chunks(chunk)).response_metadata["finish_reason"] == told


@pytest.mark.parametrize("reason", ["error", "ERROR"])
def test_an_error_without_words_is_raised(answer_to: AnswerTo, reason: str) -> None:
    with pytest.raises(openai.APIError, match="finish reason error"):
        answer_to(streaming_deltas(SO, reason=reason))


GOOD = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
NO_COUNTS: list[Any] = [2.0, 2.5, "2", None, -2, [], {}, True, 2**70]
JUNK: list[Any] = [
    *("12", [], [1, 2], 7, 1.5, True, None, {}, "", {"prompt_tokens": {"a": [1]}}),
    *({**GOOD, "completion_tokens": count} for count in NO_COUNTS),
    *({**GOOD, "prompt_tokens": count} for count in NO_COUNTS),
    {"total_tokens": 5},
    {**GOOD, "total_tokens": "5"},
    {**GOOD, "prompt_tokens_details": [1]},
    {**GOOD, "completion_tokens_details": {"reasoning_tokens": "2"}},
]


@pytest.mark.parametrize("usage", JUNK, ids=str)
def test_usage_that_cannot_be_read_is_unknown(answer_to: AnswerTo, usage: Any) -> None:
    message = answer_to(streaming_chunks(choice(SO), {**END, "usage": usage}))
    assert (message.content, message.usage_metadata) == ("So", None)


@pytest.mark.parametrize(
    "last",
    [
        {**END, "usage": GOOD},
        {"choices": [], "usage": GOOD},
        {"choices": None, "usage": GOOD},
        {"choices": [], "x_groq": {"usage": GOOD}},
        {"choices": [{"delta": {}, "usage": GOOD}]},
        {"choices": [], "usage": {**GOOD, "cost": 0.1, "prompt_tokens_details": {"type": "x"}}},
    ],
)
def test_usage_is_read_wherever_it_is(answer_to: AnswerTo, last: Chunk) -> None:
    message = answer_to(streaming_chunks(choice(SO), END, last))
    counts = {key: message.usage_metadata[f"{key}_tokens"] for key in ("input", "output", "total")}
    assert counts == {"input": 3, "output": 2, "total": 5}


def test_usage_so_far_is_not_added_up(answer_to: AnswerTo) -> None:
    """Some servers say with every chunk how many tokens there were up to then."""
    chunks = [
        {
            **choice({"content": text}),
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": place,
                "prompt_tokens_details": {"cached_tokens": 1},
            },
        }
        for place, text in enumerate("So", start=1)
    ]
    message = answer_to(streaming_chunks(*chunks, END))
    usage = message.usage_metadata
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (3, 2, 5)
    assert usage["input_token_details"]["cache_read"] == 1


def test_two_choices_of_one_index_in_a_chunk_are_pieces_of_one_answer(answer_to: AnswerTo) -> None:
    call = {"index": 0, "id": "a", "function": {"name": "get_items", "arguments": "{}"}}
    pieces = [choice(SO), choice({"tool_calls": [call]}, finish_reason="tool_calls")]
    message = answer_to(streaming_chunks({"choices": [one["choices"][0] for one in pieces]}))
    assert message.content == SO["content"]
    assert [call["name"] for call in message.tool_calls] == ["get_items"]
    assert "has_other_answers" not in message.response_metadata


def test_a_bare_string_says_what_came(answer_to: AnswerTo) -> None:
    with pytest.raises(ModelError, match='not a chunk of an answer: "upstream gone"'):
        answer_to(streaming(b'data: "upstream gone"\n\n'))


class Place(BaseModel):
    """Where something is."""

    place: str


BOX = {"content": '{"place": "box"}'}
PARSED = {
    "bare": [choice(BOX), END],
    "role": [choice({"role": "model", **BOX}), END],
    "delta null": [choice(BOX), choice(None, finish_reason="stop"), {"choices": None}],
    "reasoning": [choice({"reasoning": "Hm"}), choice(BOX), END],
    "usage of another form": [choice(BOX), {**END, "usage": [1]}],
    "usage": [choice(BOX), {**END, "usage": GOOD}],
}


async def ask_for_a_place(models: Models) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pydantic's, of what LangChain makes of it
        return await models.tool.bind(response_format=Place).ainvoke("hi")


@pytest.mark.parametrize("chunks", PARSED.values(), ids=PARSED.keys())
def test_an_answer_that_the_sdk_parses_is_read_in_any_form(
    answer_to: AnswerTo, chunks: list[Chunk]
) -> None:
    message = answer_to(streaming_chunks(*chunks), ask_for_a_place)
    assert message.additional_kwargs["parsed"] == Place(place="box")
    assert message.response_metadata["finish_reason"] == "stop"


def test_a_call_in_the_place_of_an_answer_to_be_parsed_is_made(answer_to: AnswerTo) -> None:
    call = {"function": {"name": "get_items", "arguments": "{}"}}
    reply = streaming_deltas({"tool_calls": [call]}, {"tool_calls": [call]}, reason="tool_calls")
    message = answer_to(reply, ask_for_a_place)
    assert [call["name"] for call in message.tool_calls] == ["get_items"] * 2


def test_what_is_not_a_chunk_is_an_error_where_the_sdk_parses(answer_to: AnswerTo) -> None:
    with pytest.raises(ModelError, match='not a chunk of an answer: "boo"'):
        answer_to(streaming_chunks(choice(BOX), "boo"), ask_for_a_place)
    with pytest.raises(openai.APIError, match=r"^boo$"):
        answer_to(streaming_chunks(choice(BOX, error=BOO)), ask_for_a_place)
