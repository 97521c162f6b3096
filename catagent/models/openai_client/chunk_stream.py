"""A streamed answer as the plain dicts that its server sent, or as the error that it sent instead.

The SDK turns every chunk into a tree of pydantic objects, which ChatOpenAI takes apart again at
once: three quarters of what a token costs. It knows one form of error, takes an event without data
(a keep-alive) for broken JSON, and says nothing of a body that is no stream at all. It lets
requests name a class of stream of their own (`stream_cls`): these read the body themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import httpx2
import openai

from catagent.failures.server_words import parsed, words_in
from catagent.models.openai_client import stream_errors
from catagent.models.openai_client.deltas import Deltas, as_object

# So much of a body is kept until the first chunk, to show what it is if none comes.
_KEPT = 4096
# How long what follows the end may take: a connection that was read to its end is used again.
_DRAIN_S = 0.1
# Bytes without the end of an event; a picture in one takes a few million.
_LONGEST_EVENT = 1 << 26


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
        self._deltas = Deltas(lambda: "functions" in json.loads(asked))
        # Quotes in texts are escaped; a tool's argument of that name gets objects, which are right.
        self._is_parsed = b'"response_format"' in asked
        self._start = b""
        self._waiting = 0
        self._began = self.done = False

    def chunks(self, piece: bytes) -> Iterator[Any]:
        if not self._began:
            self._start = (self._start + piece)[:_KEPT]
        self._waiting += len(piece)
        if self._waiting > _LONGEST_EVENT:
            raise stream_errors.endless(_LONGEST_EVENT)
        for kind, data in self._events.feed(piece):
            self._waiting = 0
            if data.startswith(b"[DONE]"):
                self.done = True
                return
            self._began = True
            if chunk := self._chunk(kind, data.decode()):
                yield self._given(chunk)

    def _given(self, chunk: dict[str, Any]) -> Any:
        return as_object(chunk) if self._is_parsed else chunk

    def _chunk(self, kind: bytes, data: str) -> dict[str, Any] | None:
        if kind == b"error":
            raise self._error(parsed(data))
        found = json.loads(data)
        if (error := stream_errors.error_in(found)) is not None:
            raise self._error(error)
        try:
            return self._deltas.read(found)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise stream_errors.no_chunk(found) from None

    def _error(self, found: Any) -> openai.APIError:
        return openai.APIError(words_in(found), self._response.request, body=found)

    def end(self) -> Iterator[Any]:
        """The last chunk. Raises ModelError where nothing was a chunk."""
        if not self._began:
            raise stream_errors.no_stream(self._response, self._start)
        return map(self._given, self._deltas.last())

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """A connection's errors as the SDK raises them."""
        try:
            yield
        except httpx2.TimeoutException as error:
            raise openai.APITimeoutError(self._response.request) from error
        except httpx2.RequestError as error:
            raise openai.APIConnectionError(request=self._response.request) from error


class ServerSentEvents:
    """The events in a body that comes in pieces, each its type and data; those without data not."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._ends_in_return = False
        self._kind = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The events that this piece completes. Lines end in CR, LF or both."""
        if not piece:
            return
        if self._ends_in_return:
            piece = piece.removeprefix(b"\n")  # of a line that has ended already
        self._ends_in_return = piece.endswith(b"\r")
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
        if not end:
            self._rest.append(piece)
            return
        lines = b"".join((*self._rest, piece[:end])).splitlines()
        self._rest = [piece[end:]]
        yield from self._events(lines)

    def _events(self, lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for line in lines:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
            elif name == b"event":
                self._kind = value.removeprefix(b" ")
            elif not line:
                kind, data = self._kind, b"\n".join(self._data)
                self._kind, self._data = b"", []
                if data:
                    yield kind, data
