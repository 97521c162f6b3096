"""The first connection to a model's server, opened while LangChain is still being imported.

A name looked up, a TCP and a TLS handshake: three round trips, on a network that is idle then.
httpx2 leaves connections to httpcore2, whose pool can be given a network of one's own: this one
hands over the early connection, and opens every later one as ever.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Callable
from typing import Any

import httpcore2
import httpx2

from catagent.models.openai_client.address import (
    CONNECT_TIMEOUT_S,
    may_go_through_a_proxy,
    parse_url,
    tls_context,
)

Opening = asyncio.Task[httpcore2.AsyncNetworkStream | None]


async def connect(base_url: str) -> httpcore2.AsyncNetworkStream | None:
    """Open a connection; None where it would go through a proxy.

    Raises UsageError for an address that is none, httpcore2's ConnectError and ConnectTimeout.
    """
    url = parse_url(base_url)
    if may_go_through_a_proxy(url):
        return None
    is_tls, network = url.scheme == "https", httpcore2.AnyIOBackend()
    tls = await asyncio.to_thread(tls_context, trust_nobody=False) if is_tls else None
    port = url.port or (443 if is_tls else 80)
    stream = await network.connect_tcp(url.host, port, timeout=CONNECT_TIMEOUT_S)
    if tls is None:
        return stream
    tls.set_alpn_protocols(["http/1.1"])  # as the pool does
    try:
        return _Secured(await stream.start_tls(tls, url.host, timeout=CONNECT_TIMEOUT_S))
    except BaseException:  # cancelled, too: httpcore2 closes the connection for failures alone
        await stream.aclose()
        raise


class _Secured(httpcore2.AsyncNetworkStream):
    """A connection that has its TLS handshake behind it: asked for one, it gives the outcome."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def start_tls(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        return self._stream

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Network(httpcore2.AnyIOBackend):
    """The network as ever, but for the first connection: `take` gives it once, being opened."""

    def __init__(self, take: Callable[[], Opening | None]) -> None:
        self._take = take

    async def connect_tcp(self, *where: Any, **how: Any) -> httpcore2.AsyncNetworkStream:
        opening = self._take()
        stream = None if opening is None else await opening
        if stream is not None and _has_ended(stream):
            await stream.aclose()
            stream = None
        return stream or await super().connect_tcp(*where, **how)


def _has_ended(stream: httpcore2.AsyncNetworkStream) -> bool:
    """Whether the server has hung up. Something to read is no sign: TLS sends session tickets."""
    if not hasattr(select, "poll"):
        return False  # Windows has none: the request will tell
    poller = select.poll()
    poller.register(stream.get_extra_info("socket"), getattr(select, "POLLRDHUP", 0))
    return bool(poller.poll(0))


class EarlyTransport(httpx2.AsyncHTTPTransport):
    """httpx2's transport. It lets no one choose a network, so its pool is replaced.

    Were the attribute to be called something else one day, connections would be opened as ever.
    """

    def __init__(
        self, take: Callable[[], Opening | None], tls: ssl.SSLContext, limits: httpx2.Limits
    ) -> None:
        super().__init__(verify=tls, limits=limits)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Network(take),
        )
