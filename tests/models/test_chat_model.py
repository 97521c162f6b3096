"""Our ChatOpenAI against LangChain's own: the same chunks, and the reasoning besides."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Sequence
from typing import Any

import openai
import pytest
from langchain_core.messages import BaseMessageChunk
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from catagent.models.factory import Models
from tests.models.conftest import UseModels
from tests.support.agents import chat_model
from tests.support.replies import Call, Fault, Reply
from tests.support.server import ScriptedServer

pytestmark = pytest.mark.versions

TOOL = {
    "type": "function",
    "function": {"name": "get_items", "parameters": {"type": "object", "properties": {}}},
}
REPLIES = {
    "text": Reply(["Hello", " ", "wörld", "\n\n", "{}"]),
    "tool calls": Reply(calls=[Call("get_items", '{"place": "hét"}', "a"), Call("get_items")]),
    "text and calls": Reply(["Let me"], calls=[Call("get_items")]),
    "cut short": Reply(["and so"], finish_reason="length"),
    "no usage": Reply(["x"], usage=False),
    "no finish reason": Reply(["x", "y"], fault="cut", fault_after=2),
    "empty": Reply(),
}


def comparable(chunks: Sequence[BaseMessageChunk]) -> list[dict[str, Any]]:
    """All that a chunk holds, but the id that LangChain makes up for the run."""
    return [chunk.model_dump(exclude={"id"}) for chunk in chunks]


async def chunks_of(model: Any) -> list[BaseMessageChunk]:
    return [chunk async for chunk in model.bind_tools([TOOL]).astream("hi")]


async def plain_chunks(url: str) -> list[BaseMessageChunk]:
    async with chat_model(url) as model:
        return await chunks_of(model)


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_chunks_are_those_of_chat_openai(use_models: UseModels, reply: Reply) -> None:
    with ScriptedServer(lambda _: reply) as server:
        ours = use_models(lambda models: chunks_of(models.tool), server.url)
        plain = asyncio.run(plain_chunks(server.url))
        ours_body, plain_body = (request.body for request in server.requests)
    assert comparable(ours) == comparable(plain)
    assert ours_body == plain_body


def test_synchronous_chunks_are_those_of_chat_openai(use_models: UseModels) -> None:
    async def both(models: Models) -> tuple[list[Any], list[Any]]:
        streamed = list(models.tool.stream("hi"))
        return streamed, await plain_chunks(server.url)

    with ScriptedServer(lambda _: REPLIES["text"]) as server:
        ours, plain = use_models(both, server.url)
    assert comparable(ours) == comparable(plain)


def test_an_answer_in_one_piece_is_an_ordinary_message(use_models: UseModels) -> None:
    with ScriptedServer(lambda _: REPLIES["text"]) as server:
        message = use_models(lambda models: models.tool.ainvoke("hi"), server.url)
    assert message.content == "Hello wörld\n\n{}"
    assert message.usage_metadata["total_tokens"] == 15


def test_chunks_stay_dicts(use_models: UseModels) -> None:
    """Dicts are what makes chunks cheap."""
    kinds: set[type] = set()

    async def look(models: Models) -> None:
        assert isinstance(models.tool, ChatOpenAI)
        client = models.tool.async_client
        question = [{"role": "user", "content": "hi"}]
        stream = await client.create(model="m", messages=question, stream=True)
        kinds.update({type(chunk) async for chunk in stream})

    with ScriptedServer(lambda _: Reply(["a", "b"])) as server:
        use_models(look, server.url)
    assert kinds == {dict}


class Place(BaseModel):
    """Where something is."""

    place: str


async def structured(models: Models) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pydantic's, of what LangChain makes of it
        return await models.tool.with_structured_output(Place).ainvoke("hi")


def test_structured_output_is_parsed_by_the_sdk(use_models: UseModels) -> None:
    with ScriptedServer(lambda _: Reply(['{"place"', ': "box"}'])) as server:
        assert use_models(structured, server.url) == Place(place="box")


def test_reasoning_is_kept(use_models: UseModels) -> None:
    with ScriptedServer(lambda _: Reply(["So."], reasoning=["Let ", "me see"])) as server:
        chunks = use_models(lambda models: chunks_of(models.tool), server.url)
    kept = [chunk.additional_kwargs.get("reasoning_content", "") for chunk in chunks]
    assert "".join(kept) == "Let me see"


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("error_frame", openai.APIError, "scripted error frame"),
        ("malformed", ValueError, "Unterminated"),
        ("disconnect", openai.APIConnectionError, "Connection error"),
    ],
)
def test_stream_faults_raise_what_they_raise_in_the_sdk(
    use_models: UseModels, fault: Fault, error: type[Exception], said: str
) -> None:
    reply = Reply(["a", "b"], fault=fault, fault_after=1)
    with ScriptedServer(lambda _: reply) as server, pytest.raises(error, match=said):
        use_models(lambda models: chunks_of(models.tool), server.url)
