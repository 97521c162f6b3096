"""The first connection to a model's server, opened while LangChain is still being imported.

A name looked up, a TCP and a TLS handshake: three round trips, on a network that is idle then.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpcore2


class EarlyConnection:
    """One connection, being opened already; the first to ask for it gets it, or what went wrong.

    Made on the event loop that is going to use it.
    """

    def __init__(self, base_url: str) -> None:
        self._opening: asyncio.Task[httpcore2.AsyncNetworkStream | None] | None
        self._opening = asyncio.create_task(_open(base_url))

    async def take(self) -> httpcore2.AsyncNetworkStream | None:
        """Return it, the first time: None once it is taken, and where it is no good any more.

        Raises what connecting raises (httpcore2's ConnectError, ConnectTimeout).
        """
        if self._opening is None:
            return None
        opening, self._opening = self._opening, None
        stream = await opening
        if stream is not None and _has_ended(stream):
            await stream.aclose()
            return None
        return stream

    async def aclose(self) -> None:
        """Close the connection, if nobody asked for it."""
        if self._opening is None:
            return
        self._opening.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            stream = await self._opening
            if stream is not None:
                await stream.aclose()


async def _open(base_url: str) -> httpcore2.AsyncNetworkStream | None:
    """Connect, unless it goes through a proxy. What is heavy is done on a thread."""
    network = await asyncio.to_thread(
        importlib.import_module, "catagent.models.openai_client.network"
    )
    server = await asyncio.to_thread(network.direct, base_url)
    return None if server is None else await network.open_stream(*server)


def _has_ended(stream: httpcore2.AsyncNetworkStream) -> bool:
    """Whether the server has hung up. Something to read is no sign: TLS sends session tickets."""
    if not hasattr(select, "poll"):
        return False  # Windows has none: the request will tell
    poller = select.poll()
    poller.register(stream.get_extra_info("socket"), getattr(select, "POLLRDHUP", 0))
    return bool(poller.poll(0))
