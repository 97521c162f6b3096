"""The body of an error, read before it is decided what to do, and within bounds.

The SDK reads it to its end, however far that is, and only after the decision whether to try again.
"""

import asyncio
import json
import time
from contextlib import aclosing, closing, suppress

import httpx2

# Bytes, and seconds.
_MOST = 1 << 24
_LONGEST_S = 3.0
_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")


async def aread(response: httpx2.Response) -> httpx2.Response:
    """The same response with its body read, as far as it came; its connection is given back."""
    body = bytearray()
    with suppress(TimeoutError, httpx2.RequestError):
        async with asyncio.timeout(_LONGEST_S), aclosing(response.aiter_bytes()) as pieces:
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
        for piece in response.iter_bytes():
            body += piece
            if len(body) >= _MOST or time.monotonic() > until:
                break
    return _with_body(response, bytes(body))


def encoding_of(body: bytes) -> str:
    """The encoding of a text that nothing is said of: one of Unicode's, or else latin-1."""
    encoding = json.detect_encoding(body)
    try:
        body.decode(encoding)
    except ValueError:
        return "latin-1"
    return encoding


def _with_body(response: httpx2.Response, body: bytes) -> httpx2.Response:
    headers = response.headers.items()
    return httpx2.Response(
        response.status_code,
        headers=[header for header in headers if header[0] not in _OF_THE_BODY],
        content=body,
        request=response.request,
        extensions=response.extensions,
        default_encoding=encoding_of,
    )
