"""The SDK's clients of a run: one pair a server, sharing its connections, closed together.

How a server is reached is settled here: its timeouts, trusted certificates, and proxies.
"""

import json
import ssl
from functools import cache
from typing import Any, NamedTuple

import httpx2
import openai

from catagent.errors import UsageError
from catagent.events.codec import encodable_data
from catagent.models.openai_client.chunk_stream import AsyncChunkStream, ChunkStream
from catagent.models.openai_client.retries import RetryingAsyncClient, RetryingClient, RetryPolicy
from catagent.redact import redact

_CONNECT_TIMEOUT_S = 20.0
_GRACE_S = 5.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# A small server closes a connection after a few idle seconds, llama.cpp's after five; a request at
# that very moment fails. Here a new one costs nothing.
_ON_THIS_MACHINE = httpx2.Limits(
    max_connections=1000, max_keepalive_connections=100, keepalive_expiry=1.0
)


class PlainChunkClient(openai.OpenAI):
    """The SDK's client, leaving streamed chat chunks the dicts that they are."""

    def post(self, path: str, **options: Any) -> Any:
        """Send a request. Raises what its server sends in a stream in the place of chunks."""
        return super().post(path, **_ours(options, path, ChunkStream))


class AsyncPlainChunkClient(openai.AsyncOpenAI):
    """The same, asynchronous."""

    async def post(self, path: str, **options: Any) -> Any:
        """Send a request. Raises what its server sends in a stream in the place of chunks."""
        return await super().post(path, **_ours(options, path, AsyncChunkStream))


def _ours(options: dict[str, Any], path: str, stream: type) -> dict[str, Any]:
    """The options of a request, with our class of stream, and with every text encodable.

    A tool's output that is not would end the run.
    """
    try:
        json.dumps(options.get("body"), ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        options["body"] = encodable_data(options["body"])
    return {**options, "stream_cls": stream} if path == "/chat/completions" else options


class Clients(NamedTuple):
    """How to talk to one server, for synchronous and for asynchronous callers."""

    sync: PlainChunkClient
    asynchronous: AsyncPlainChunkClient


class ClientPool:
    """The clients of a run by address and key: the agent and its tools share a connection."""

    def __init__(self, policy: RetryPolicy, idle_timeout: float) -> None:
        self._policy = policy
        self._idle_timeout = idle_timeout
        self._clients: dict[tuple[str, str], Clients] = {}

    def clients(self, base_url: str, api_key: str) -> Clients:
        """Return the clients of this server, made when first asked for; they connect when used."""
        key = base_url, api_key
        if key not in self._clients:
            options = _client_options(base_url, self._idle_timeout)
            server: dict[str, Any] = {"base_url": base_url, "api_key": api_key, "max_retries": 0}
            server["timeout"] = options["timeout"]
            plain = RetryingClient(self._policy, **options)
            asynchronous = RetryingAsyncClient(self._policy, **options)
            self._clients[key] = Clients(
                PlainChunkClient(**server, http_client=plain),
                AsyncPlainChunkClient(**server, http_client=asynchronous),
            )
        return self._clients[key]

    async def aclose(self) -> None:
        """Close every connection. The pool can be used again afterwards, with new ones."""
        while self._clients:
            _, clients = self._clients.popitem()
            clients.sync.close()
            await clients.asynchronous.close()


def _client_options(base_url: str, idle_timeout: float) -> dict[str, Any]:
    """What both clients are made with. `idle_timeout`: the longest silence in seconds, 0 for any.

    The session ends a run whose model is silent; a little later a thread that it cannot reach,
    that of a synchronous tool, is let go of here. Proxies of the environment are used, but never
    for a server on this machine. A plain server that redirects to TLS meets a context that trusts
    nobody: it fails, closed. Raises UsageError for an address that is none.
    """
    url = parse_url(base_url)
    silence = idle_timeout + _GRACE_S if idle_timeout else None
    is_plain = url.scheme == "http"
    return {
        **({"limits": _ON_THIS_MACHINE} if url.host in _LOOPBACK else {}),
        "timeout": httpx2.Timeout(silence, connect=_CONNECT_TIMEOUT_S),
        "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else _trusting(),
        "trust_env": url.host not in _LOOPBACK,
    }


@cache
def _trusting() -> ssl.SSLContext:
    """Reading the trusted certificates costs 24 ms: once a process, and not for plain HTTP."""
    return httpx2.create_ssl_context()


def parse_url(base_url: str) -> httpx2.URL:
    """Return the address of an API. Raises UsageError for what is not an address."""
    hint = "write it as https://HOST/v1"
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL as error:
        # With a login in it, what looks like a port may be a password.
        why = "its login or its port" if "@" in base_url else error
        raise UsageError(f"the server's address is not a URL: {why}", hint) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"the server's address is not an http(s) URL: {redact(base_url)}", hint)
    return url
