"""What is still so in the SDK and in the HTTP client beneath it; rows of docs/workarounds.md."""

from __future__ import annotations

import subprocess
import sys

import httpx2
import openai
import pytest
from pydantic import BaseModel

from tests.workarounds.conftest import StillNeeded

pytestmark = pytest.mark.versions


def streamed(body: bytes) -> openai.Stream[openai.types.chat.ChatCompletionChunk]:
    """What the SDK makes of this body."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=body))
    client = openai.OpenAI(
        api_key="none", base_url="http://localhost", http_client=httpx2.Client(transport=transport)
    )
    return client.chat.completions.create(model="m", messages=[], stream=True)


def test_chunks_as_objects(still_needed: StillNeeded) -> None:
    chunk = next(iter(streamed(b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n')))
    still_needed(isinstance(chunk.choices[0].delta, BaseModel))


def test_gathered_types(still_needed: StillNeeded) -> None:
    code = (
        "import sys, openai; sys.exit(sum(n.startswith('openai.types') for n in sys.modules) > 99)"
    )
    still_needed(subprocess.run([sys.executable, "-c", code], check=False).returncode == 1)


def test_events_without_data(still_needed: StillNeeded) -> None:
    try:
        list(streamed(b"event: ping\ndata:\n\ndata: [DONE]\n\n"))
    except ValueError:
        return
    still_needed(False)


def test_lone_surrogates(still_needed: StillNeeded) -> None:
    try:
        httpx2.Request("POST", "http://localhost", json={"text": "\ud800"})
    except UnicodeEncodeError:
        return
    still_needed(False)
