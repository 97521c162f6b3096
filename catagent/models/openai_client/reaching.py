"""How an OpenAI-compatible server is reached: its timeouts, trusted certificates, and proxies."""

import ssl
from functools import cache
from typing import Any

import httpx2

from catagent.errors import UsageError
from catagent.redact import redact

_CONNECT_TIMEOUT_S = 20.0
_GRACE_S = 5.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# A small server closes a connection after a few idle seconds, llama.cpp's after five; a request at
# that very moment fails. Here a new one costs nothing.
_ON_THIS_MACHINE = httpx2.Limits(
    max_connections=1000, max_keepalive_connections=100, keepalive_expiry=1.0
)


def connection_options(base_url: str, idle_timeout: float) -> dict[str, Any]:
    """What a client of httpx2 for this server is made with.

    `idle_timeout` is the longest silence in seconds, 0 for any. The session ends a run whose model
    is silent; a little later a thread that it cannot reach, that of a synchronous tool, is let go
    of here. Proxies of the environment are used, but never
    for a server on this machine. A plain server that redirects to TLS meets a context that trusts
    nobody: it fails, closed. Raises UsageError for an address that is none.
    """
    url = parse_url(base_url)
    silence = idle_timeout + _GRACE_S if idle_timeout else None
    is_plain = url.scheme == "http"
    return {
        **({"limits": _ON_THIS_MACHINE} if url.host in LOOPBACK else {}),
        "timeout": httpx2.Timeout(silence, connect=_CONNECT_TIMEOUT_S),
        "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else _trusting(),
        "trust_env": url.host not in LOOPBACK,
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
