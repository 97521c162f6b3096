"""A streamed answer as the plain dicts that its server sent, or as the error that it sent instead.

The SDK turns every chunk into a tree of pydantic objects, which ChatOpenAI takes apart again at
once: three quarters of what a token costs. It knows one form of error, takes an event without data
(a keep-alive) for broken JSON, and says nothing of a body that is no stream at all. It lets
requests name a class of stream of their own (`stream_cls`): these read the body themselves.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import httpx2
import openai
from openai.types.chat.chat_completion_chunk import ChatCompletionChunk

from catagent.failures.server_words import parsed, words_in
from catagent.models.openai_client import stream_errors
from catagent.models.openai_client.deltas import Deltas
from catagent.models.openai_client.server_sent_events import STRAY, ServerSentEvents

# So much of a body is kept until the first chunk, to show what it is if none comes.
_KEPT = 4096
# How long what follows the end may take: a connection that was read to its end is used again.
_DRAIN_S = 0.1
# Bytes without the end of an event; a picture in one takes a few million.
_LONGEST_EVENT = 1 << 26
# What the SDK's own objects cannot be without.
_FRAME: dict[str, Any] = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}


class ChunkStream(openai.Stream[Any]):
    """The chunks of an answer. Raises APIError for an error in it, ModelError for no stream.

    They are dicts; the SDK's objects where it is to parse the answer.
    """

    def __iter__(self) -> Iterator[Any]:
        reader = _Reader(self.response)
        with reader.errors(), self:
            for piece in self.response.iter_bytes():
                yield from reader.chunks(piece)
                if reader.done:
                    break
        yield from reader.end()


class AsyncChunkStream(openai.AsyncStream[Any]):
    """The same, asynchronous."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        reader, pieces = _Reader(self.response), self.response.aiter_bytes()
        with reader.errors():
            async with self:
                async for piece in pieces:
                    for chunk in reader.chunks(piece):
                        yield chunk
                    if reader.done:
                        await _drain(pieces)
                        break
        for chunk in reader.end():
            yield chunk


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    with contextlib.suppress(TimeoutError, httpx2.RequestError):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in pieces:
                pass


class _Reader:
    """Bytes in, chunks out, until it is `done`."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._events = ServerSentEvents()
        asked = (*response.history, response)[0].request.content
        # Quotes in texts are escaped, and a tool's argument of that name is no list.
        self._deltas = Deltas(wants_function=b'"functions":[' in asked)
        # A tool's argument of that name gets objects, which are right.
        self._is_parsed = b'"response_format"' in asked
        kind = response.headers.get("content-type", "")
        self._is_stream = kind.startswith("text/event-stream")
        self._start = self._aside = b""
        self._waiting = 0
        self._began = self.done = False

    def chunks(self, piece: bytes) -> Iterator[Any]:
        if not self._began:
            self._start = (self._start + piece)[:_KEPT]
        self._waiting += len(piece)
        if self._waiting > _LONGEST_EVENT:
            raise stream_errors.endless(_LONGEST_EVENT)
        yield from self._read(self._events.feed(piece))

    def _read(self, events: Iterable[tuple[bytes, bytes]]) -> Iterator[Any]:
        for kind, data in events:
            if self._may_be_of_a_page(kind, data):
                self._aside = self._aside or data
                continue
            if self._aside:
                raise stream_errors.no_chunk(self._aside.decode(errors="replace"))
            self._waiting = 0
            if data[:8].strip(b'"').upper().startswith(b"[DONE]"):
                self.done = True
                return
            self._began = True
            yield from map(self._given, self._chunks(kind, data.decode()))

    def _may_be_of_a_page(self, kind: bytes, data: bytes) -> bool:
        """Whether a line before any chunk may be of a body that is not a stream, for `end`."""
        if self._began or kind != STRAY:
            return False
        is_chunk = self._is_stream and isinstance(parsed(data.decode(errors="replace")), dict)
        return bool(self._aside) or not is_chunk

    def _given(self, chunk: dict[str, Any]) -> Any:
        """The chunk; where the SDK is to parse the answer, as the object that it does that from."""
        return ChatCompletionChunk.construct(**_FRAME | chunk) if self._is_parsed else chunk

    def _chunks(self, kind: bytes, data: str) -> list[dict[str, Any]]:
        if kind == b"error":
            raise self._error(parsed(data))
        try:
            found = json.loads(data)
        except ValueError:
            if data.startswith(("{", '"')):  # it was cut
                raise
            if stream_errors.ERROR.match(data):
                raise self._error(data) from None
            raise stream_errors.no_chunk(data) from None
        if (error := stream_errors.error_in(found)) is not None:
            raise self._error(error)
        try:
            return [] if found is None else list(self._deltas.read(found))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise stream_errors.no_chunk(found) from None

    def _error(self, found: Any) -> openai.APIError:
        return openai.APIError(words_in(found), self._response.request, body=found)

    def end(self) -> Iterator[Any]:
        """The last chunks. Raises ModelError where nothing was a chunk."""
        if not self.done:
            yield from self._read(self._events.end())
        if not self._began:
            raise stream_errors.no_stream(self._response, self._start)
        yield from map(self._given, self._deltas.last())

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """A connection's errors as the SDK raises them."""
        try:
            yield
        except httpx2.TimeoutException as error:
            raise openai.APITimeoutError(self._response.request) from error
        except httpx2.RequestError as error:
            raise openai.APIConnectionError(request=self._response.request) from error
