"""Whatever a server streams where chunks should be, an error says so in the server's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest

from catagent.errors import ModelError
from catagent.failures.classify import Owner, classify
from catagent.models.factory import Models
from tests.models.conftest import UseModels
from tests.support.replies import Reply, streaming
from tests.support.server import ScriptedServer

pytestmark = pytest.mark.versions

CHUNK = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"So"},"finish_reason":"stop"}]}'
ENDED = CHUNK + b"\n\ndata: [DONE]\n\n"


async def asynchronously(models: Models) -> Any:
    return await models.tool.ainvoke("hi")


async def synchronously(models: Models) -> Any:
    return models.tool.invoke("hi")


callers = pytest.mark.parametrize("call", [asynchronously, synchronously])


def answer_to(use_models: UseModels, reply: Reply, call: Callable[[Models], Any]) -> Any:
    with ScriptedServer(lambda _: reply) as server:
        return use_models(call, server.url)


@callers
@pytest.mark.parametrize(
    "body",
    [
        b'event: error\ndata: {"message":"CUDA","code":500}\n\n',
        b'data: {"object":"error","message":"CUDA"}\n\n',
        b'data: {"detail":[{"msg":"CUDA"}]}\n\n',
        b'data: {"errorMessage":"CUDA"}\n\n',
        b'data: [{"error":{"message":"CUDA"}}]\n\n',
        b'data: {"error":{"error":{"message":"CUDA"}}}\n\n',
        b'data: {"error":"CUDA"}\n\n',
        b'data: {"choices":[],"error":{"message":"CUDA"}}\n\n',
        CHUNK + b'\n\ndata: {"object":"error","message":"CUDA"}\n\n',
        CHUNK + b'\n\nerror: {"code":500,"message":"CUDA"}\n\n' + ENDED,
        CHUNK + b"\n\nerror: CUDA\n\n" + ENDED,
        CHUNK + b'\n\n{"error":{"message":"CUDA"}}',
        b'{"error":{"message":"CUDA"}}\n\n',
    ],
)
def test_an_error_frame_of_any_form_is_raised(
    use_models: UseModels, body: bytes, call: Callable[[Models], Any]
) -> None:
    with pytest.raises(openai.APIError, match=r"^CUDA$"):
        answer_to(use_models, streaming(body), call)


@pytest.mark.parametrize("text", ["[ERROR] CUDA", "Error: CUDA", "error CUDA"])
def test_an_error_in_plain_text_is_raised(use_models: UseModels, text: str) -> None:
    reply = streaming(CHUNK + f"\n\ndata: {text}\n\n".encode() + ENDED)
    with pytest.raises(openai.APIError) as raised:
        answer_to(use_models, reply, asynchronously)
    assert raised.value.message == text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (CHUNK + b"\n\nCUDA out\n\n" + ENDED, 'not a chunk of an answer: "CUDA out"'),
        (CHUNK + b"\n\ndata: CUDA out\n\n" + ENDED, 'not a chunk of an answer: "CUDA out"'),
        (b"CUDA out\n\n" + ENDED, 'not a chunk of an answer: "CUDA out"'),
        (b"CUDA out", 'not a chunk of an answer: "CUDA out"'),
        (b'{\n"error":\n{"message": "CUDA out"}\n}\n', '{"error": {"message": "CUDA out"}}'),
    ],
)
def test_a_line_that_is_of_no_event_is_shown(
    use_models: UseModels, body: bytes, words: str
) -> None:
    with pytest.raises(ModelError) as raised:
        answer_to(use_models, streaming(body), asynchronously)
    assert words in raised.value.message


@callers
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"data: [DONE]\n\n",
        b": wait\n\nid: 1\n\n",
        CHUNK,
        b"data: [1, 2]\n\n" + ENDED,
        b"data: 5\n\n" + ENDED,
        b'data: {"choices":"abc"}\n\n' + ENDED,
        b'data: {"choices":[{"delta":"abc"}]}\n\n' + ENDED,
    ],
)
def test_a_body_that_is_not_a_stream_of_chunks_is_an_error_with_a_hint(
    use_models: UseModels, body: bytes, call: Callable[[Models], Any]
) -> None:
    with pytest.raises(ModelError) as raised:
        answer_to(use_models, streaming(body), call)
    assert "OpenAI-compatible" in raised.value.hint


@pytest.mark.parametrize("body", [b'data: {"a":"\xff"}\n\n', b"data: " + b"[" * 200_000 + b"\n\n"])
def test_an_undecodable_body_is_an_error_with_a_hint(use_models: UseModels, body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)) as raised:
        answer_to(use_models, streaming(body), asynchronously)
    error = classify(raised.value, Owner("model"))
    assert "is not JSON" in error.message
    assert "OpenAI-compatible" in error.hint


@callers
@pytest.mark.parametrize(
    "body",
    [
        ENDED,
        b": hello\n\nid: 1\n\nretry: 5\n\nevent: ping\ndata:\n\n" + ENDED,
        b'data: {"type":"ping"}\n\n' + ENDED,
        b'data: {"choices":null}\n\n' + ENDED,
        ENDED.replace(b'"So"', rb'"\"error\": So"'),
        ENDED.replace(b'"So"', b'"error"'),
        ENDED.replace(b"\n", b"\r\n"),
        ENDED.replace(b"[DONE]", b"[done]") + b"data: x\n\n",
        ENDED.replace(b"[DONE]", b'"[DONE]"') + b"data: x\n\n",
        b"data: null\n\n" + ENDED,
        b"\xef\xbb\xbf" + ENDED,
        ENDED.removeprefix(b"data: "),
        b"data: {}\n\n" + ENDED.removeprefix(b"data: "),
    ],
)
def test_an_ordinary_stream_is_left_alone(
    use_models: UseModels, body: bytes, call: Callable[[Models], Any]
) -> None:
    assert answer_to(use_models, streaming(body), call).content in ("So", '"error": So', "error")


def test_a_stream_is_recognized_by_what_it_holds(use_models: UseModels) -> None:
    """Some servers leave the content type of their answer to their framework."""
    reply = Reply(body=ENDED, headers={"content-type": "text/html"})
    assert answer_to(use_models, reply, asynchronously).content == "So"


def test_a_secret_in_a_quoted_body_is_masked_before_it_is_cut(
    use_models: UseModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "canary-" + "4711" * 20)
    page = b"<html>" + b"x" * 280 + b" canary-" + b"4711" * 20
    reply = Reply(body=page, headers={"content-type": "text/html"})
    with pytest.raises(ModelError) as raised:
        answer_to(use_models, reply, asynchronously)
    assert "canary" not in str(raised.value)


def test_a_refusal_is_streamed_as_text(use_models: UseModels) -> None:
    body = ENDED.replace(b'"content"', b'"refusal"')
    message = answer_to(use_models, streaming(body), asynchronously)
    assert (message.content, message.additional_kwargs["refusal"]) == ("So", "So")
