"""One connection over which a run's parts come, and how long a lost one is taken up again."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Callable

import httpx
from langgraph_sdk.schema import StreamPart
from langgraph_sdk.sse import BytesLineDecoder, SSEDecoder

from catagent.errors import NetworkError
from catagent.failures.exceptions import words_of
from catagent.remote.position import HINT
from catagent.views.status import AGAIN

# A server takes up to 15 s to start, and a proxy some to find another.
_PATIENCE_S = 30.0
_LONGEST_PAUSE_S = 3.0
_OF_TRANSFER = ("content-encoding", "content-length", "transfer-encoding")
# What was there for so long is not the trouble.
_LASTED_S = 10.0
_LARGEST = 1 << 27
_IS_IT = "is it a server that speaks the LangGraph API? a proxy in between may have cut it"


async def parts_of(response: httpx.Response) -> AsyncGenerator[StreamPart, None]:
    """The whole parts in a response; not the beginning of one that is cut.

    Raises what httpx raises, and NetworkError for what is no stream of a LangGraph server.
    """
    if response.is_error:
        (await whole(response)).raise_for_status()
    if "text/event-stream" not in response.headers.get("content-type", ""):
        raise NetworkError("The server sent something else than a stream.", _IS_IT)
    lines, decoder, unread = BytesLineDecoder(), SSEDecoder(), 0
    async for piece in response.aiter_bytes():
        unread += len(piece)
        for line in lines.decode(piece):
            part = _decoded(decoder, bytes(line))
            if part is not None and (part.event or part.data is not None):
                yield part
                unread = 0
        if unread > _LARGEST:
            raise NetworkError("The server sent a part of over 128 MB.", _IS_IT)


async def whole(response: httpx.Response) -> httpx.Response:
    """The same response once all of it was read. Raises NetworkError for more than 128 MB."""
    content = bytearray()
    async with contextlib.aclosing(response):
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > _LARGEST:
                raise NetworkError("The server's answer is larger than 128 MB.", _IS_IT)
    headers = [each for each in response.headers.multi_items() if each[0] not in _OF_TRANSFER]
    status, request, read = response.status_code, response.request, bytes(content)
    return httpx.Response(status, headers=headers, content=read, request=request)


def _decoded(decoder: SSEDecoder, line: bytes) -> StreamPart | None:
    try:
        return decoder.decode(line)
    except ValueError as raised:
        message = f"The server sent what is not JSON in its stream: {words_of(raised)}"
        raise NetworkError(message, _IS_IT) from raised


class Outage:
    """The time in which a connection is lost, and taken up again until that is of no use.

    `on_lost` hears why, and "" when it is over.
    """

    def __init__(self, on_lost: Callable[[str], object]) -> None:
        self._on_lost = on_lost
        self._since: float | None = None
        self._tries = 0

    def is_over(self) -> None:
        """Say that something came that had not come before."""
        if self._since is not None:
            self._since, self._tries = None, 0
            self._on_lost("")

    async def pause(self, why: Exception, lasted: float) -> None:
        """Wait before the next try, longer each time; the last connection `lasted` so many seconds.

        Raises NetworkError where it has been lost for too long.
        """
        if lasted > _LASTED_S:
            self.is_over()
        self._since = self._since or time.monotonic()
        if time.monotonic() - self._since > _PATIENCE_S:
            raise NetworkError(f"The connection is lost: {words_of(why)}", HINT) from why
        self._on_lost(f"{AGAIN}: {words_of(why)}")
        longest = min(_LONGEST_PAUSE_S, 0.05 * 2.0**self._tries)
        self._tries += 1
        await asyncio.sleep(longest * random.uniform(0.75, 1.0))  # noqa: S311 - spreads clients
