"""What models write, in any provider's form: text, reasoning, the names of all else, in order."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage

from catagent.sources.blocks import Piece
from catagent.sources.content import (
    Reading,
    answered,
    joined,
    lines,
    names,
    pieces_of,
)

IMAGE = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
SEARCH = '[web_search {"query": "cats"}]'
FOUND = [{"type": "web_search_result", "url": "https://c.org", "encrypted_content": "E" * 400}]


def chunks(provider: str | None, *contents: Any, **kwargs: Any) -> list[AIMessageChunk]:
    """One chunk for each content; the first alone says whose they are, as some models have it."""
    made = [
        AIMessageChunk(content=content if isinstance(content, str) else [content], **kwargs)
        for content in contents
    ]
    if provider:
        made[0].response_metadata = {"model_provider": provider}
    return made


def aside(provider: str | None, **kwargs: Any) -> AIMessageChunk:
    """A chunk that has all that it says beside its content."""
    metadata = {"model_provider": provider} if provider else {}
    return AIMessageChunk(content="", additional_kwargs=kwargs, response_metadata=metadata)


ANTHROPIC: list[Any] = [
    {"type": "thinking", "thinking": "so ", "index": 0},
    {"type": "thinking", "thinking": "it is", "index": 0},
    {"type": "thinking", "thinking": "", "signature": "E", "index": 0},
    {"type": "text", "text": "I ", "index": 1},
    {"type": "text", "text": "search.", "index": 1},
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}, "index": 2},
    {"type": "input_json_delta", "partial_json": '{"query": "c', "index": 2},
    {"type": "input_json_delta", "partial_json": 'ats"}', "index": 2},
    {"type": "web_search_tool_result", "tool_use_id": "s", "content": FOUND, "index": 3},
    {
        "type": "text",
        "citations": [{"type": "web_search_result_location", "url": "https://c.org", "title": "C",
                       "cited_text": "Cats"}],
        "index": 4,
    },
    {"type": "text", "text": "Cats sleep.", "index": 4},
    {"type": "redacted_thinking", "data": "A" * 200, "index": 5},
]  # fmt: skip
ANTHROPIC_SAYS = [
    ("reasoning", "so it is"),
    ("text", "I search."),
    ("note", SEARCH),
    (
        "note",
        '[web_search result [{"type": "web_search_result", "url": "https://c.org",'
        ' "encrypted_content": "[300 bytes]"}]]',
    ),
    ("text", "Cats sleep."),
    ("note", '[citation C https://c.org "Cats"]'),
    ("note", '{"type": "redacted_thinking", "data": "[150 bytes]"}'),
]
RESPONSES: list[Any] = [
    {"type": "reasoning", "id": "rs", "summary": [], "index": 0},
    {
        "type": "reasoning",
        "summary": [{"index": 0, "type": "summary_text", "text": "so "}],
        "index": 0,
    },
    {
        "type": "reasoning",
        "summary": [{"index": 0, "type": "summary_text", "text": "it is"}],
        "index": 0,
    },
    {"type": "text", "text": "Look: ", "index": 1},
    {
        "type": "text",
        "annotations": [{"type": "url_citation", "url": "https://c.org", "title": "C"}],
        "index": 1,
    },
    {"type": "text", "text": "", "id": "msg", "index": 1},
    {
        "type": "web_search_call",
        "id": "ws",
        "status": "completed",
        "action": {"query": "cats"},
        "index": 2,
    },
    {
        "type": "code_interpreter_call",
        "id": "ci",
        "code": "1\n2",
        "status": "completed",
        "outputs": [{"type": "logs", "logs": "3"}],
        "index": 3,
    },
    {
        "type": "image_generation_call",
        "id": "ig",
        "result": "aGk=",
        "output_format": "png",
        "index": 4,
    },
    {"type": "mcp_call", "id": "m", "name": "f", "arguments": "{}", "error": "no", "index": 5},
    {"type": "mcp_approval_request", "id": "a", "name": "f", "index": 6},
    {"type": "refusal", "refusal": "I must not."},
]
RESPONSES_SAY = [
    ("reasoning", "so it is"),
    ("text", "Look: "),
    ("note", "[citation C https://c.org]"),
    ("note", SEARCH),
    ("note", '[code_interpreter {"code": "1\\n2"}]'),
    ("note", '[code_interpreter result [{"type": "logs", "logs": "3"}]]'),
    ("data", "[image image/png, 2 bytes]"),
    ("note", "[remote_mcp f]"),
    ("note", "[remote_mcp result error no]"),
    ("note", '{"type": "mcp_approval_request", "id": "a", "name": "f"}'),
    ("text", "I must not."),
]
BEDROCK: list[Any] = [
    {"type": "reasoning_content", "reasoning_content": {"text": "so ", "type": "text"}, "index": 0},
    {
        "type": "reasoning_content",
        "reasoning_content": {"text": "it is", "type": "text"},
        "index": 0,
    },
    {"index": 0},
    {"type": "text", "text": "Cats ", "index": 1},
    {"type": "text", "text": "sleep.", "index": 1},
    {"index": 1},
]
GOOGLE: list[Any] = [
    {"type": "thinking", "thinking": "so it is"},
    "Look: ",
    {"type": "executable_code", "executable_code": "1", "language": "PYTHON", "id": "x"},
    {
        "type": "code_execution_result",
        "code_execution_result": "3",
        "outcome": 1,
        "tool_call_id": "x",
    },
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
]
GOOGLE_SAYS = [
    ("reasoning", "so it is"),
    ("text", "Look: "),
    ("note", '[code_interpreter {"code": "1", "language": "PYTHON"}]'),
    ("note", "[code_interpreter result 3]"),
    ("data", "[image image/png, 2 bytes]"),
]
MISTRAL: list[Any] = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "so "}], "index": 0},
    {"type": "thinking", "thinking": [{"type": "text", "text": "it is"}], "index": 0},
    "Cats ",
    {"type": "text", "text": "sleep.", "index": 1},
    {"type": "reference", "reference_ids": [1], "index": 2},
]
PLAIN = [("reasoning", "so it is"), ("text", "Cats sleep.")]
GROUNDING = {
    "grounding_chunks": [{"web": {"uri": "https://c.org", "title": "C"}}],
    "grounding_supports": [
        {"grounding_chunk_indices": [0], "segment": {"end_index": 4, "text": "Cats"}}
    ],
}
TOOL = {"type": "search", "index": 0, "arguments": '{"query": "cats"}', "output": "Cats"}
SUMMARY = {"id": "rs", "type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}]}
LOGS = {"type": "web_search_call", "id": "w", "status": "failed", "action": {"query": "cats"}}

FORMS: dict[str, tuple[list[AIMessageChunk], list[tuple[str, str]]]] = {
    "anthropic": (chunks("anthropic", *ANTHROPIC), ANTHROPIC_SAYS),
    "anthropic's, of nobody": (chunks(None, *ANTHROPIC), ANTHROPIC_SAYS),
    "responses": (chunks("openai", *RESPONSES), RESPONSES_SAY),
    "responses', of nobody": (chunks(None, *RESPONSES), RESPONSES_SAY),
    "bedrock": (chunks("bedrock_converse", *BEDROCK), PLAIN),
    "bedrock's, of nobody": (chunks(None, *BEDROCK), PLAIN),
    "google": (chunks("google_genai", *GOOGLE), GOOGLE_SAYS),
    "mistral": (
        chunks("mistralai", *MISTRAL),
        [*PLAIN, ("note", '{"type": "reference", "reference_ids": [1]}')],
    ),
    "ollama": (
        [aside("ollama", reasoning_content="so "), aside("ollama", reasoning_content="it is"),
         *chunks("ollama", "Cats ", "sleep.")],
        PLAIN,
    ),
    "openrouter": (
        [aside("openai", reasoning="so it is"), *chunks("openai", "Cats sleep.")], PLAIN,
    ),
    "groq": (
        [aside("groq", reasoning_content="so it is"), *chunks("groq", "Cats sleep."),
         aside("groq", executed_tools=[TOOL])],
        [*PLAIN, ("note", SEARCH), ("note", '[web_search result Cats]')],
    ),
    "responses, the first form": (
        [aside("openai", reasoning=SUMMARY), *chunks("openai", {"type": "text", "text": "a"}),
         aside("openai", tool_outputs=[LOGS]), aside("openai", refusal="I must not.")],
        [("reasoning", "so"), ("text", "a"), ("note", SEARCH),
         ("note", "[web_search result error]"), ("text", "I must not.")],
    ),
    "chat audio": (
        [aside("openai", audio={"id": "a1", "data": "aGk=", "transcript": "Meow"})],
        [("text", "Meow"), ("data", "[audio a1, 2 bytes]")],
    ),
    "chat audio in pieces": (
        [aside("openai", audio={"id": "a1", "transcript": "Me"}),
         aside("openai", audio={"transcript": "ow"}),
         *[aside("openai", audio={"data": "aGlo"})] * 2, aside("openai", audio={"expires_at": 1})],
        [("text", "Meow"), ("data", "[audio a1, 6 bytes]")],
    ),
    "what compatible servers send beside the text": (
        [*chunks("openai", "Cats "), aside("openai", images=[IMAGE]), *chunks("openai", "sleep."),
         aside("openai", annotations=[{"url_citation": {"url": "https://c.org", "title": "C"}}]),
         aside("openai", search_results=[{"url": "https://d.org", "title": "D"}]),
         aside("openai", executed_tools=[TOOL]), aside("openai", new=[{"type": "holo", "x": 1}]),
         aside("openai", parsed={"type": "cat"}, score=[0.5], by={"name": "x"})],
        [("text", "Cats sleep."), ("data", "[image image/png, 2 bytes]"),
         ("note", "[citation C https://c.org]"), ("note", "[citation D https://d.org]"),
         ("note", SEARCH), ("note", "[web_search result Cats]"),
         ("note", '{"type": "holo", "x": 1}')],
    ),
    "details of reasoning": (
        [aside("openai", reasoning_details=[{"type": "reasoning.text", "text": "so "}]),
         aside("openai", reasoning_details=[{"type": "reasoning.summary", "summary": "it is"}]),
         aside("openai", reasoning_details=[{"type": "reasoning.encrypted", "data": "E" * 200}])],
        [("reasoning", "so it is"),
         ("note", '{"type": "reasoning.encrypted", "data": "[150 bytes]"}')],
    ),
    "details that repeat the reasoning": (
        [aside("openai", reasoning_content=text,
               reasoning_details=[{"type": "reasoning.text", "text": text}])
         for text in ("so ", "it is")],
        [("reasoning", "so it is")],
    ),
    "google's audio": (
        [aside("google_genai", audio=b"hi")], [("data", "[audio audio/wav, 2 bytes]")],
    ),
    "a refusal": ([aside("openai", refusal="I must "), aside("openai", refusal="not.")],
                  [("text", "I must not.")]),
    "a refusal that is text as well": (
        chunks("openai", "I must not.", additional_kwargs={"refusal": "I must not."}),
        [("text", "I must not.")],
    ),
    "sources": (
        chunks(None, "Cats.", additional_kwargs={"citations": ["https://c.org"]}),
        [("text", "Cats."), ("note", "[citation https://c.org]")],
    ),
    "grounding": (
        [AIMessageChunk(content="Cats.", response_metadata={"model_provider": "google_genai",
                                                            "grounding_metadata": GROUNDING})],
        [("text", "Cats."), ("note", "[citation C https://c.org]")],
    ),
    "grounding without supports": (
        [AIMessageChunk(content="Cats.", response_metadata={"grounding_metadata": {
            "web_search_queries": ["cats"],
            "grounding_chunks": GROUNDING["grounding_chunks"]}})],
        [("text", "Cats."), ("note", '[web_search {"queries": ["cats"]}]'),
         ("note", "[citation C https://c.org]")],
    ),
    "LangChain's own": (
        [AIMessageChunk(content=[item], response_metadata={"model_provider": "anthropic",
                                                           "output_version": "v1"})
         for item in (
            {"type": "reasoning", "reasoning": "so", "index": 0},
            {"type": "server_tool_call_chunk", "name": "web_search", "args": "", "id": "s",
             "index": 1},
            {"type": "server_tool_call_chunk", "args": '{"query": ', "index": 1},
            {"type": "server_tool_call_chunk", "args": '"cats"}', "index": 1},
            {"type": "server_tool_result", "tool_call_id": "s", "output": ["a"], "index": 2},
            {"type": "text", "text": "a", "annotations": [{"type": "citation", "title": "C",
                                                            "cited_text": "x"}], "index": 3},
            {"type": "non_standard", "value": {"type": "odd"}, "index": 4},
         )],
        [("reasoning", "so"), ("note", SEARCH), ("note", '[web_search result ["a"]]'),
         ("text", "a"), ("note", '[citation C "x"]'), ("note", '{"type": "odd"}')],
    ),
}  # fmt: skip


def streamed(parts: list[AIMessageChunk]) -> list[Piece]:
    """The pieces of a message as it streams."""
    reading = Reading()
    return [*(piece for part in parts for piece in reading.add(part)), *reading.end()]


def whole(parts: list[AIMessageChunk]) -> AIMessageChunk:
    """The message that LangChain makes of its chunks."""
    message, *others = parts
    for part in others:
        message += part
    return message


def told(pieces: list[Piece]) -> list[tuple[str, str]]:
    """Kind and text, pieces of one text as one."""
    found: list[tuple[str, str]] = []
    for kind, text in pieces:
        if kind in ("text", "reasoning") and found and found[-1][0] == kind:
            text = found.pop()[1] + text
        found.append((kind, text))
    return found


@pytest.mark.parametrize("form", FORMS)
def test_a_stream_gives_each_block_once_in_order(form: str) -> None:
    parts, says = FORMS[form]
    before = copy.deepcopy(parts)
    assert told(streamed(parts)) == says
    assert parts == before


@pytest.mark.parametrize("form", FORMS)
def test_the_whole_message_says_what_its_stream_said(form: str) -> None:
    parts, says = FORMS[form]
    found = pieces_of(whole(parts))
    for kind in ("text", "reasoning"):
        assert joined(found, kind) == "".join(text for which, text in says if which == kind)
    assert sorted(names(found)) == sorted(text for kind, text in says if kind in ("data", "note"))


def test_calls_of_the_agents_own_tools_are_in_no_block() -> None:
    call: Any = {"name": "f", "args": "{}", "id": "1", "index": 1, "type": "tool_call_chunk"}
    for item in (
        {"type": "tool_use", "id": "1", "name": "f", "input": {}, "index": 1},
        {"type": "input_json_delta", "partial_json": "{}", "index": 1},
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "1", "index": 1},
        {"type": "custom_tool_call", "name": "f", "input": "x", "call_id": "1", "index": 1},
        {"type": "tool_call_chunk", "name": "f", "args": "{}", "id": "1", "index": 1},
    ):
        assert streamed([AIMessageChunk(content=[item], tool_call_chunks=[call])]) == []
    assert names(pieces_of(AIMessage([{"type": "tool_use", "id": "1", "name": "f", "input": {}}])))


ODD: list[Any] = [
    {"type": ["x"], "id": [1], "index": 0},
    {"type": "server_tool_result", "extras": 7},
    {"type": "server_tool_call", "extras": 7},
    {"type": "citation", "extras": "x", "title": [1]},
    {"type": "image", "base64": 7},
    {"type": "image", "url": "u", "extras": 1},
    {"type": "text", "text": {"value": "a"}},
    {"type": "text", "text": "a", "annotations": 7},
    {"type": "text", "text": "a", "annotations": [7]},
    {"type": "text", "text": "a", "citations": ["x"]},
    {"type": "thinking", "thinking": 7},
    {"type": "reasoning", "summary": [7]},
    {"type": "reasoning_content", "reasoning_content": 7},
    {"type": "refusal", "refusal": 7},
    {"type": "web_search_call"},
    {"type": "image_url", "image_url": {"url": ""}},
    {"a": 1},
    {"type": None, "b": {"c": b"hi"}},
    {"type": "non_standard", "value": 7},
]


@pytest.mark.parametrize(
    "provider", [None, "openai", "anthropic", "bedrock_converse", "google_genai"]
)
@pytest.mark.parametrize("item", ODD, ids=repr)
def test_what_no_provider_has_is_named_and_never_fatal(item: Any, provider: str | None) -> None:
    metadata = {"model_provider": provider} if provider else {}
    made = AIMessageChunk.model_construct(
        content=[item], response_metadata=metadata, additional_kwargs={}, tool_call_chunks=[]
    )
    assert lines(streamed([made]))


def test_text_that_is_nested_without_end_is_named() -> None:
    deep: Any = "a"
    for _ in range(5_000):
        deep = [deep]
    assert (
        joined(pieces_of(AIMessage.model_construct(content=[{"type": "text", "text": deep}]))) == ""
    )
    assert names(pieces_of(AIMessage.model_construct(content=[{"type": "text", "text": deep}])))


def test_only_what_is_encoded_throughout_stands_by_its_size() -> None:
    item = {"type": "odd", "log": "=" * 200 + "\nCats", "key": "E" * 400}
    (name,) = names(pieces_of(AIMessage([item])))
    assert "Cats" in name
    assert '"key": "[300 bytes]"' in name


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "refusal", "audio", "citations"])
@pytest.mark.parametrize("value", [7, [7], {"x": 1}, None, "", [], {"data": None}])
def test_what_stands_beside_the_content_may_be_anything(key: str, value: Any) -> None:
    assert joined(pieces_of(AIMessage("a", additional_kwargs={key: value}))).endswith("a")


NAMED: dict[str, list[tuple[str, str]]] = {
    '{"type": "audio", "base64": "aGlo", "transcript": "Meow"}': [
        ("text", "Meow"),
        ("data", "[audio 3 bytes]"),
    ],
    '{"type": "file", "url": "u", "filename": "cats.pdf"}': [("data", "[file cats.pdf u]")],
    '{"type": "input_file", "file_url": "https://c.org"}': [("data", "[file https://c.org]")],
    '{"type": "input_file", "file_data": "aGlo"}': [("data", "[file 3 bytes]")],
    '{"type": "video", "url": "u", "title": "Cats"}': [("data", "[video Cats u]")],
    '{"type": "text-plain", "text": "sleep", "mime_type": "text/plain", "title": "Cats"}': [
        ("data", "Cats: sleep")
    ],
    '{"type": "mcp_call", "id": "m", "name": "f", "arguments": "{}", "server_label": "s"}': [
        ("note", "[remote_mcp s f]")
    ],
    '{"type": "text", "text": "a", "annotations": [{"url": "u", "cited_text": "b"}]}': [
        ("text", "a"),
        ("note", '[citation u "b"]'),
    ],
}


@pytest.mark.parametrize("item", NAMED)
def test_a_name_has_what_was_said_or_made(item: str) -> None:
    parts = [AIMessageChunk(content=[json.loads(item)])]
    assert told(streamed(parts)) == told(pieces_of(parts[0])) == NAMED[item]


def test_an_answer_is_its_text_and_data_or_all_there_is() -> None:
    text, search = {"type": "text", "text": "a"}, {"type": "server_tool_call", "name": "web"}
    assert answered(pieces_of(AIMessage([search, text, IMAGE, text]))) == (
        "a\n[image image/png, 2 bytes]\na"
    )
    assert answered(pieces_of(AIMessage([IMAGE]))) == "[image image/png, 2 bytes]"
    assert answered(pieces_of(AIMessage([search]))) == "[web]"
    assert answered(pieces_of(AIMessage(""))) == ""


@pytest.mark.parametrize("kind", [AIMessage, ToolMessage])
def test_text_of_several_blocks_is_one_and_names_are_lines(kind: type[BaseMessage]) -> None:
    content: Any = ["a", {"type": "text", "text": "b"}, IMAGE, "c"]
    message = kind(content=content, **({"tool_call_id": "1"} if kind is ToolMessage else {}))
    assert lines(pieces_of(message)) == "ab\n[image image/png, 2 bytes]\nc"


def test_a_block_of_many_pieces_costs_no_more_a_piece_than_a_short_one() -> None:
    def seconds(number: int) -> float:
        first = {"type": "server_tool_use", "id": "s", "name": "code", "input": {}, "index": 0}
        first |= {"partial_json": '{"code": "'}
        piece = {"type": "input_json_delta", "partial_json": "x" * 40, "index": 0}
        end = {"type": "input_json_delta", "partial_json": '"}', "index": 0}
        parts = [*chunks("anthropic", first), *chunks(None, *[piece] * number, end)]
        began = time.process_time()
        (found,) = streamed(parts)
        assert found == ("note", f'[code {{"code": "[{number * 30:,} bytes]"}}]')
        return time.process_time() - began

    short, long = (min(seconds(number) for _ in range(3)) for number in (4_000, 16_000))
    assert long < 10 * short
