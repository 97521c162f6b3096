"""A scripted OpenAI-compatible server on a real loopback socket, in a thread of its own.

    with ScriptedServer(cat(tokens=100)) as server:
        ChatOpenAI(base_url=server.url, api_key="test", stream_usage=True)

As a command: `python -m tests.support.server --script cat --tokens 200 --pace 0.01`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.support import replies
from tests.support.replies import Reply


@dataclass
class Request:
    """One chat-completions request, and what became of it.

    `closed_at` (monotonic seconds) is set when the client went away before the answer was
    whole; `sent_at` when all of it was written.
    """

    body: dict[str, Any]
    headers: dict[str, str]
    index: int
    received_at: float = field(default_factory=time.monotonic)
    sent_at: float | None = None
    closed_at: float | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The chat messages."""
        return list(self.body.get("messages", []))

    @property
    def tools(self) -> list[str]:
        """The names of the tools on offer."""
        return [tool["function"]["name"] for tool in self.body.get("tools", [])]

    @property
    def streams(self) -> bool:
        """Whether a stream was asked for."""
        return bool(self.body.get("stream"))

    @property
    def include_usage(self) -> bool:
        """Whether the stream is to end with usage."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def prompt(self) -> str:
        """The text of the last human message."""
        humans = [m for m in self.messages if m.get("role") == "user"]
        content = humans[-1]["content"] if humans else ""
        if isinstance(content, list):
            return "".join(block.get("text", "") for block in content)
        return str(content)

    @property
    def observations(self) -> list[str]:
        """The texts of the tool messages so far."""
        return [str(m.get("content")) for m in self.messages if m.get("role") == "tool"]


Script = Callable[[Request], Reply]


class ScriptedServer:
    """Serves `script` on 127.0.0.1; `requests` holds every request so far.

    `accepted` counts the connections so far, `connections` are those still open.
    """

    def __init__(self, script: Script, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self._tls = tls
        self.requests: list[Request] = []
        self.connections: set[_Connection] = set()
        self.accepted = 0
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="scripted-server", daemon=True)
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        """What to give as base_url."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(60):
            raise TimeoutError("the scripted server did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def wait_closed(self, timeout: float = 60) -> bool:
        """Whether all clients have hung up within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.connections and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self.connections

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = self._loop.create_server(
            lambda: _Connection(self), "127.0.0.1", self._port, ssl=self._tls
        )
        listener = self._loop.run_until_complete(serving)
        self._port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        listener.close()
        for connection in list(self.connections):
            connection.transport.abort()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()


class _Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection."""

    transport: asyncio.Transport

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.buffer = b""
        self.request: Request | None = None
        self.task: asyncio.Task[None] | None = None
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.add(self)
        self.server.accepted += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        if self.request is not None and self.request.sent_at is None:
            self.request.closed_at = time.monotonic()
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        self._respond(lines[0], headers, rest[:length])

    def _respond(self, line: str, headers: dict[str, str], body: bytes) -> None:
        if not line.split(" ")[1].endswith(("/chat/completions", "/responses")):
            self._json(404, {"error": {"message": f"no such path: {line}"}}, {})
            return
        self.request = Request(json.loads(body), headers, len(self.server.requests))
        self.server.requests.append(self.request)
        reply = self.server.script(self.request)
        self.task = self.server._loop.create_task(self._answer(self.request, reply))

    async def _answer(self, request: Request, reply: Reply) -> None:
        if reply.delay:
            await asyncio.sleep(reply.delay)
        model = str(request.body.get("model", "scripted"))
        if reply.status != 200 or reply.body is not None:
            self._json(reply.status, reply.body, reply.headers)
        elif request.streams:
            await self._stream(reply, model, include_usage=request.include_usage)
        else:
            await asyncio.sleep(reply.pause + reply.pace * len(reply.tokens))
            self._json(200, replies.completion(reply, model), reply.headers)
        request.sent_at = time.monotonic()

    def _json(self, status: int, body: Any, headers: dict[str, str]) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._head(status, {"content-type": "application/json", **headers}, len(data))
        self.transport.write(data)

    def _head(self, status: int, headers: dict[str, str], length: int | None = None) -> None:
        size = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
        lines = [f"HTTP/1.1 {status} Scripted", size, *(f"{k}: {v}" for k, v in headers.items())]
        self.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    async def _stream(self, reply: Reply, model: str, *, include_usage: bool) -> None:
        self._head(200, {"content-type": "text/event-stream", **reply.headers})
        count = None if reply.fault is None else reply.fault_after + 1
        chunks = itertools.islice(replies.pieces(reply, model), count)
        await asyncio.sleep(reply.pause)
        await self._write(chunks, reply.pace)
        if reply.fault is None:
            self.transport.write(replies.ending(reply, model, include_usage=include_usage))
        else:
            await self._break(reply)

    async def _write(self, chunks: Iterator[bytes], pace: float) -> None:
        size = 1 if pace else 256
        while batch := b"".join(itertools.islice(chunks, size)):
            self.transport.write(batch)
            await self.writable.wait()
            await asyncio.sleep(pace)

    async def _break(self, reply: Reply) -> None:
        match reply.fault:
            case "malformed":
                self.transport.write(replies.http_chunk(replies.MALFORMED) + b"0\r\n\r\n")
            case "error_frame":
                self.transport.write(replies.http_chunk(replies.ERROR_FRAME) + b"0\r\n\r\n")
            case "cut":
                self.transport.write(b"0\r\n\r\n")
            case "disconnect":
                # What was written so far is to arrive first: close, with the last chunk missing.
                self.transport.close()
            case "stall":
                await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted; print the URL first."""
    from tests.support.scripts import SCRIPTS

    parser = argparse.ArgumentParser(prog="python -m tests.support.server")
    parser.add_argument("--script", choices=sorted(SCRIPTS), default="cat")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between two tokens")
    arguments = parser.parse_args()
    script = SCRIPTS[arguments.script](tokens=arguments.tokens, pace=arguments.pace)
    with ScriptedServer(script, arguments.port) as server:
        print(server.url, flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
