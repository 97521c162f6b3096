"""HTTP over a connection that is there already.

httpx2 leaves connections to httpcore2, whose pool can be given a network of one's own: this one
hands over the early connection, and every later one is opened as ever.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from catagent.models.openai_client.address import (
    CONNECT_TIMEOUT_S,
    may_go_through_a_proxy,
    parse_url,
    tls_context,
)

if TYPE_CHECKING:
    from catagent.models.openai_client.early import EarlyConnection

_PORTS = {"http": 80, "https": 443}


def direct(base_url: str) -> tuple[str, int, ssl.SSLContext | None] | None:
    """Host, port and TLS context (None for plain HTTP) to connect to; None if to a proxy.

    Costs 87 ms of CPU for https. Raises UsageError for an address that is none.
    """
    url = parse_url(base_url)
    if may_go_through_a_proxy(url):
        return None
    tls = tls_context(trust_nobody=False) if url.scheme == "https" else None
    return url.host, url.port or _PORTS[url.scheme], tls


async def open_stream(
    host: str, port: int, tls: ssl.SSLContext | None
) -> httpcore2.AsyncNetworkStream:
    """Connect to a server. Raises httpcore2's ConnectError and ConnectTimeout."""
    network = httpcore2.AnyIOBackend()
    stream = await network.connect_tcp(host, port, timeout=CONNECT_TIMEOUT_S)
    if tls is None:
        return stream
    tls.set_alpn_protocols(["http/1.1"])  # as the pool does
    try:
        return _Secured(stream, await stream.start_tls(tls, host, timeout=CONNECT_TIMEOUT_S))
    except BaseException:  # cancelled, too: httpcore2 closes the connection for failures alone
        await stream.aclose()
        raise


class _Secured(httpcore2.AsyncNetworkStream):
    """A connection that has its TLS handshake behind it: asked for one, it gives the outcome."""

    def __init__(
        self, plain: httpcore2.AsyncNetworkStream, secured: httpcore2.AsyncNetworkStream
    ) -> None:
        self._plain = plain
        self._secured = secured

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore2 has it
    ) -> httpcore2.AsyncNetworkStream:
        return self._secured

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)

    async def aclose(self) -> None:
        await self._secured.aclose()


class _Network(httpcore2.AnyIOBackend):
    """The network as ever, but for the first connection."""

    def __init__(self, early: EarlyConnection) -> None:
        self._early = early

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore2 has it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        return await self._early.take() or await super().connect_tcp(
            host, port, timeout, local_address, socket_options
        )


class EarlyTransport(httpx2.AsyncHTTPTransport):
    """httpx2's transport. It lets no one choose a network, so its pool is replaced.

    Were the attribute to be called something else one day, connections would be opened as ever.
    """

    def __init__(self, early: EarlyConnection, tls: ssl.SSLContext, limits: httpx2.Limits) -> None:
        super().__init__(verify=tls, limits=limits)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Network(early),
        )
