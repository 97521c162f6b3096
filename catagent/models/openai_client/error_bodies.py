"""The body of an error, read before it is decided what to do: within bounds, as UTF-8 text.

The SDK reads it to its end, however far that is, and only after the decision whether to try again.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import aclosing, closing, suppress

import httpx2

# Bytes, before and after they are unpacked, and seconds.
_MOST = 1 << 24
_LONGEST_S = 3.0
_UNPACKED_AT_ONCE = 1 << 12
_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding", "content-type")


async def aread(response: httpx2.Response) -> httpx2.Response:
    """The same response with its body read, as far as it came; its connection is given back."""
    body = bytearray()
    with suppress(TimeoutError, httpx2.RequestError):
        async with asyncio.timeout(_LONGEST_S), aclosing(response.aiter_raw()) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) >= _MOST:
                    break
    await response.aclose()
    return _with_body(response, bytes(body))


def read(response: httpx2.Response) -> httpx2.Response:
    """`aread` for a synchronous client; how long one piece may take is the client's timeout."""
    body, until = bytearray(), time.monotonic() + _LONGEST_S
    with suppress(httpx2.RequestError), closing(response):
        for piece in response.iter_raw():
            body += piece
            if len(body) >= _MOST or time.monotonic() > until:
                break
    return _with_body(response, bytes(body))


def text_of(body: bytes, charset: str | None = None) -> str:
    """The text in bytes. `charset` is what their sender calls it, which is not always so."""
    for encoding in (json.detect_encoding(body), charset):
        with suppress(ValueError, LookupError):
            return body.decode(encoding or "latin-1").removeprefix("\ufeff")
    return body.decode("latin-1")


def _with_body(response: httpx2.Response, raw: bytes) -> httpx2.Response:
    text = text_of(_unpacked(response.headers, raw), response.charset_encoding)
    kept = [(name, value) for name, value in response.headers.items() if name not in _OF_THE_BODY]
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    return httpx2.Response(
        response.status_code,
        headers=[*kept, ("content-type", kind)] if kind else kept,
        content=text.encode(),
        request=response.request,
        extensions=response.extensions,
    )


def _unpacked(headers: httpx2.Headers, raw: bytes) -> bytes:
    """What was packed, up to a bound; as it came where it is not what its header says."""
    unpacked = bytearray()
    with suppress(httpx2.DecodingError):
        for piece in httpx2.Response(200, headers=headers, content=_slices(raw)).iter_bytes():
            unpacked += piece
            if len(unpacked) >= _MOST:
                break
    return bytes(unpacked) or raw


def _slices(raw: bytes) -> Iterator[bytes]:
    return (
        raw[start : start + _UNPACKED_AT_ONCE] for start in range(0, len(raw), _UNPACKED_AT_ONCE)
    )
