"""The client of a server that speaks the LangGraph API: LangGraph's SDK, and how it connects.

Importing this costs 0.3 s. The SDK would send the keys that it finds in the environment to
whatever address it is given: here it gets a client of httpx that has what `keys.py` allows alone.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
from langgraph_sdk.client import LangGraphClient

from catagent import __version__
from catagent.config import Loaded
from catagent.errors import NetworkError
from catagent.redact import redact
from catagent.remote.address import Address
from catagent.remote.answers import IS_IT_ONE
from catagent.remote.connections import whole
from catagent.remote.keys import headers_for
from catagent.remote.refusals import error_of

# A stream says something every few seconds, with LangGraph's servers and with Aegra.
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_TRIES = 6
# The requests that the API takes as POST, and that change nothing when they come twice.
_HARMLESS = ("/threads", "/search", "/count", "/cancel")


@contextlib.asynccontextmanager
async def open_client(address: Address, loaded: Loaded) -> AsyncIterator[LangGraphClient]:
    """The SDK's client of a server, closed at the end of the block.

    What a server, the SDK or the connection raise in the block leaves it as a CatagentError.
    Raises UsageError where a key would be sent over a network in plain text.
    """
    headers = {"User-Agent": f"catagent/{__version__}", **headers_for(address, loaded)}
    try:
        async with _Client(
            base_url=address.base,
            headers=headers,
            timeout=_TIMEOUT,
            verify=_trusted(address),
            trust_env=not address.is_loopback,  # a proxy could not reach it, and would get its key
            event_hooks={"response": [_check]},
        ) as client:
            yield LangGraphClient(client)
    except Exception as raised:
        if (error := error_of(raised, address)) is None:
            raise
        secrets = (*loaded.secrets, *address.secrets)  # what was sent may be said again
        raise type(error)(redact(error.message, secrets), error.hint) from raised


def _trusted(address: Address) -> ssl.SSLContext:
    """Certificates to trust, SSL_CERT_FILE's among them; none, in 24 ms less, for plain HTTP."""
    is_plain = address.base.startswith("http:")
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else httpx.create_ssl_context()


class _Client(httpx.AsyncClient):
    """One that sends again what broke off, where that does no harm; a stream is `stream.py`'s."""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send the request, and again where the connection breaks before all of the answer came."""
        path, is_stream = request.url.path, options.get("stream")
        is_harmless = not is_stream and (request.method != "POST" or path.endswith(_HARMLESS))
        for tries in range(_TRIES if is_harmless else 1):
            try:
                response = await super().send(request, **{**options, "stream": True})
                return response if is_stream else await whole(response)
            except (httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError):
                if not is_harmless or tries == _TRIES - 1:
                    raise
            await asyncio.sleep(0.05 * 2.0**tries)
        raise AssertionError


async def _check(response: httpx.Response) -> None:
    """Refuse to be sent elsewhere, as the question is for the server that was named, and pages."""
    if response.has_redirect_location:
        try:
            there = response.request.url.join(response.headers["location"])
            where = f"{there.scheme}://{there.netloc.decode()}"
        except httpx.InvalidURL:
            where = "what is no address"
        raise NetworkError(
            f"The server redirects to {where}. Nothing was sent there.",
            "if that is the server you mean, give its address",
        )
    kind = response.headers.get("content-type", "json")
    if response.is_success and not ("json" in kind or "event-stream" in kind):
        raise NetworkError(f"{response.request.url.host} answers with {kind:.80}.", IS_IT_ONE)
