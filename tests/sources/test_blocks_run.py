"""Blocks of models in whole runs: in their place, in every mode, streamed, whole or cut off."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.runnables import RunnableLambda

from catagent.config import Mode
from catagent.events import types as ev
from catagent.sources.base import AgentRun, Pulse
from tests.support.agents import MODES, Outcome, collect, run_with
from tests.support.fakes import Chunked
from tests.support.replies import Reply, streaming
from tests.support.server import Request

pytestmark = pytest.mark.versions

SEARCH = '[web_search {"query": "cats"}]'
IMAGE = "[image image/png, 2 bytes]"
SAYS = [
    ("reasoning", "so"),
    ("text", "I search."),
    ("block", SEARCH),
    ("text", "Cats "),
    ("text", "sleep."),
    ("block", '[citation C https://c.org "x"]'),
    ("block", IMAGE),
]
CITED = {"type": "web_search_result_location", "url": "https://c.org", "title": "C"}
CITED["cited_text"] = "x"

modes = pytest.mark.parametrize("mode", MODES)


def chunk(*content: Any, **fields: Any) -> AIMessageChunk:
    return AIMessageChunk(content=list(content), **fields)


CHUNKS = [
    chunk(
        {"type": "thinking", "thinking": "so", "index": 0},
        {"type": "text", "text": "I search.", "index": 1},
        response_metadata={"model_provider": "anthropic"},
    ),
    chunk({"type": "server_tool_use", "name": "web_search", "id": "s", "input": {}, "index": 2}),
    chunk({"type": "input_json_delta", "partial_json": '{"query": ', "index": 2}),
    chunk({"type": "input_json_delta", "partial_json": '"cats"}', "index": 2}),
    chunk({"type": "text", "text": "Cats ", "index": 3}),
    chunk({"type": "text", "text": "sleep.", "citations": [CITED], "index": 3}),
    chunk({"type": "image", "base64": "aGk=", "mime_type": "image/png", "index": 4}),
    chunk(chunk_position="last"),
]


def run(mode: Mode, parts: list[Any], *, whole: bool = False) -> Outcome:
    """An agent whose model streams these chunks, or answers with all of them at once."""
    model = Chunked(chunks=parts, disable_streaming=whole)
    question = {"messages": [{"role": "user", "content": "what?"}]}
    return asyncio.run(collect(mode, AgentRun(create_agent(model, []), question, "graph")))


def tokens(outcome: Outcome) -> list[tuple[str, str]]:
    return [(event.data.channel, event.data.delta) for event in outcome.of(ev.LlmToken)]


@modes
@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
def test_blocks_are_named_where_they_stand(mode: Mode, whole: bool) -> None:
    outcome = run(mode, CHUNKS, whole=whole)
    if mode != "steps" and not whole:
        assert tokens(outcome) == SAYS
    (end,) = outcome.of(ev.LlmFinished)
    assert (end.data.text, end.data.reasoning) == ("I search.Cats sleep.", "so")
    assert end.data.named_blocks == [text for channel, text in SAYS if channel == "block"]
    assert end.data.message is not None
    assert end.data.message.content.startswith(f"I search.\n{SEARCH}\nCats sleep.\n[citation")
    (answer,) = outcome.of(ev.Answer)
    assert answer.data.output == f"I search.Cats sleep.\n{IMAGE}"


@modes
def test_an_answer_of_data_alone_is_no_empty_one(mode: Mode) -> None:
    outcome = run(mode, [CHUNKS[-2], chunk(chunk_position="last")])
    (answer,) = outcome.of(ev.Answer)
    assert answer.data.output == IMAGE
    assert outcome.of(ev.Warned) == []


@pytest.mark.parametrize("mode", ["log", "events"])
def test_what_a_model_had_begun_when_it_failed_is_named(mode: Mode) -> None:
    outcome = run(mode, [*CHUNKS[:3], RuntimeError("gone")])
    assert outcome.error is not None
    assert tokens(outcome) == [*SAYS[:2], ("block", "[web_search]")]
    (end,) = outcome.of(ev.LlmFinished)
    assert end.data.named_blocks == ["[web_search]"]
    assert end.data.text == "I search."


@modes
def test_the_messages_in_a_state_that_is_the_answer_have_our_form(mode: Mode) -> None:
    state: Any = RunnableLambda(lambda _: [HumanMessage([{"type": "text", "text": "a"}], id="1")])
    outcome = asyncio.run(collect(mode, AgentRun(state, "q", "other")))
    (answer,) = outcome.of(ev.Answer)
    (message,) = json.loads(answer.data.output)
    assert message["content"] == "a"
    assert message["blocks"] == [{"type": "text", "text": "a"}]


class Beats(Pulse):
    """How often a model was heard of."""

    beats = 0

    def beat(self, pause_s: float = 0.0) -> None:
        self.beats += 1


@pytest.mark.parametrize("mode", ["log", "events"])
def test_a_model_that_writes_blocks_alone_is_not_silent(mode: Mode) -> None:
    silent = [chunk(), AIMessageChunk(content="", chunk_position="last")]
    model, pulse = Chunked(chunks=[*CHUNKS[:4], *silent]), Beats()
    question = {"messages": [{"role": "user", "content": "what?"}]}
    asked = AgentRun(create_agent(model, []), question, "graph", pulse=pulse)
    asyncio.run(collect(mode, asked))
    assert pulse.beats == len(["asked", *CHUNKS[:4], "ended"])


ITEM = {"id": "m", "type": "message", "role": "assistant", "status": "completed"}
PART = {"type": "output_text", "text": "Cats sleep.", "annotations": []}
RESPONSE: dict[str, Any] = {
    "id": "r", "object": "response", "created_at": 1, "model": "gpt", "status": "completed",
    "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None,
    "incomplete_details": None,
}  # fmt: skip
THOUGHT = {"id": "rs", "type": "reasoning", "summary": []}
SEARCHED = {"id": "ws", "type": "web_search_call", "status": "completed"}
SEARCHED_FOR = {**SEARCHED, "action": {"type": "search", "query": "cats"}}
DRAWN = {"id": "ig", "type": "image_generation_call", "status": "completed", "result": "aGk="}
OUTPUT = [
    {**THOUGHT, "summary": [{"type": "summary_text", "text": "so it is"}]},
    SEARCHED_FOR,
    {**ITEM, "content": [PART]},
    {**ITEM, "id": "n", "content": [{"type": "refusal", "refusal": "No more."}]},
    DRAWN,
]


def responses(request: Request) -> Reply:
    """OpenAI's Responses API: a summary, a search, text, a refusal, an image."""
    done = {**RESPONSE, "output": OUTPUT}
    if not request.streams:
        return Reply(body=done)
    text = {"item_id": "m", "output_index": 2, "content_index": 0}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**RESPONSE, "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": THOUGHT},
        *(
            {"type": "response.reasoning_summary_text.delta", "item_id": "rs", "output_index": 0,
             "summary_index": 0, "delta": delta}
            for delta in ("so ", "it is")
        ),
        {"type": "response.output_item.done", "output_index": 1, "item": SEARCHED_FOR},
        {"type": "response.output_text.delta", **text, "delta": "Cats "},
        {"type": "response.output_text.delta", **text, "delta": "sleep."},
        {"type": "response.refusal.done", "item_id": "n", "output_index": 3, "content_index": 0,
         "refusal": "No more."},
        {"type": "response.output_item.done", "output_index": 4, "item": DRAWN},
        {"type": "response.completed", "response": done},
    ]  # fmt: skip
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    frames = (f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in numbered)
    return streaming("".join(frames).encode())


@modes
@pytest.mark.parametrize("output_version", [None, "v0", "v1"])
def test_openai_responses_lose_nothing(mode: Mode, output_version: str | None) -> None:
    def make(model: Any) -> AgentRun:
        question = {"messages": [{"role": "user", "content": "what?"}]}
        return AgentRun(create_agent(model, []), question, "graph")

    version = {"output_version": output_version} if output_version else {}
    outcome = run_with(responses, mode, make, use_responses_api=True, **version)
    (end,) = outcome.of(ev.LlmFinished)
    assert end.data.text == "Cats sleep.No more."
    assert end.data.reasoning == "so it is"
    named = ['[web_search {"type": "search", "query": "cats"}]', "[image 2 bytes]"]
    assert end.data.named_blocks == named
    if mode != "steps":
        said = [("reasoning", "so "), ("reasoning", "it is"), ("block", named[0])]
        said += [("text", "Cats "), ("text", "sleep."), ("text", "No more."), ("block", named[1])]
        assert tokens(outcome) == said
