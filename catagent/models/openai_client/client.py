"""The SDK's clients of a run: one pair a server, sharing its connections, closed together."""

import json
from typing import Any, NamedTuple

import openai

from catagent.events.codec import encodable_data
from catagent.models.openai_client.chunk_stream import AsyncChunkStream, ChunkStream
from catagent.models.openai_client.reaching import connection_options
from catagent.models.openai_client.retries import RetryingAsyncClient, RetryingClient, RetryPolicy


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
            options = connection_options(base_url, self._idle_timeout)
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
