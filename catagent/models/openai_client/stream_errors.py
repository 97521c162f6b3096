"""What servers send where a stream of chunks should be: errors of many forms, pages, nothing.

The SDK knows one form of error. It passes the others on as chunks that hold nothing, and of a
body that is no stream at all it says nothing either.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import openai

from catagent.errors import ModelError
from catagent.redact import shortened

# So much of a body is kept until the first event, and so much of it is shown.
_KEPT = 4096
_SHOWN = 300
_WORDS_IN = ("error", "message", "detail", "errors", "msg")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_HINT = "is it an OpenAI-compatible API? OPENAI_BASE_URL ends in /v1"


def watched(stream: Any) -> Any:
    """The SDK's stream, that raises what its server tells: APIError, or ModelError for no stream.

    Were the SDK to rename its decoder, streams would be as the SDK has them.
    """
    if isinstance(stream, openai.Stream | openai.AsyncStream) and hasattr(stream, "_decoder"):
        decoder = stream._decoder  # noqa: SLF001 - the SDK lets no one see a body that is none
        stream._decoder = _Watch(decoder, stream.response)  # noqa: SLF001
    return stream


class _Watch:
    """The decoder of one stream, looking at what it decodes."""

    def __init__(self, decoder: Any, response: httpx2.Response) -> None:
        self._decoder = decoder
        self._response = response
        self._body = b""
        self._began = False

    def iter_bytes(self, body: Iterator[bytes]) -> Iterator[Any]:
        for event in self._decoder.iter_bytes(map(self._keep, body)):
            if event.data:
                yield self._checked(event)
        self._end()

    async def aiter_bytes(self, body: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        kept = (self._keep(piece) async for piece in body)
        async for event in self._decoder.aiter_bytes(kept):
            if event.data:  # a keep-alive is none, and no JSON
                yield self._checked(event)
        self._end()

    def _keep(self, piece: bytes) -> bytes:
        if not self._began and len(self._body) < _KEPT:
            self._body += piece[:_KEPT]
        return piece

    def _checked(self, event: Any) -> Any:
        data: str = event.data
        if event.event == "error":
            raise self._error(_parsed(data))
        if not self._began:
            self._began = not data.startswith("[DONE]")
        # What is an ordinary chunk by its looks is not parsed twice.
        if '"choices"' not in data or '"error"' in data:
            self._check(data)
        return event

    def _check(self, data: str) -> None:
        if data.startswith("[DONE]"):
            self._end()
            return
        found = _parsed(data)
        if isinstance(found, dict):
            if found.get("error") or (not found.get("choices") and _is_error(found)):
                raise self._error(found)
        elif not isinstance(found, str):
            raise no_chunk(found)

    def _error(self, found: Any) -> openai.APIError:
        return openai.APIError(_said(found), self._response.request, body=found)

    def _end(self) -> None:
        if not self._began:
            raise _no_stream(self._response, self._body)


def no_chunk(found: Any) -> ModelError:
    """The error of a server that streams JSON of another kind."""
    said = shortened(json.dumps(found, ensure_ascii=False), _SHOWN)
    return ModelError(f"The server sent what is not a chunk of an answer: {said}", _HINT)


def _parsed(data: str) -> Any:
    """Its JSON; the text itself where it is none, which the SDK tells of."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data


def _is_error(found: dict[str, Any]) -> bool:
    return not found.get("usage") and any(found.get(key) for key in _WORDS_IN)


def _said(found: Any) -> str:
    """The server's own words in an error of any form."""
    if isinstance(found, dict):
        for key in _WORDS_IN:
            if found.get(key):
                return _said(found[key])
    if isinstance(found, list) and found:
        return _said(found[0])
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _no_stream(response: httpx2.Response, body: bytes) -> ModelError:
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return ModelError(f"The server's answer is empty (HTTP {response.status_code}).", _HINT)
    if kind == "text/event-stream" or text.startswith("data:"):
        return ModelError("The server's stream ended without a single chunk.", _HINT)
    found = _parsed(text)
    if isinstance(found, dict) and found.get("choices"):
        hint = "can it stream? a proxy in between may have kept it from doing so"
        return ModelError("The server sent a whole answer where a stream was asked for.", hint)
    said = _said(found) if not isinstance(found, str) else _MARKUP.sub(" ", text)
    said = shortened(" ".join(said.split()), _SHOWN)
    return ModelError(f"The server sent {kind or 'something'}, and no stream: {said}", _HINT)
