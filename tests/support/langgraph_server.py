"""A scripted server of as much of the LangGraph API as a run needs, and of what can go wrong.

    with LangGraphServer(lambda asked: None) as server:
        open_client(Address.parse(f"{server.url}/agent"), loaded)

A script answers what it wants to, and None for what it does not.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

RUN = "11111111-1111-4111-8111-111111111111"


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def creates(self) -> bool:
        """Whether it is to create a run."""
        return self.method == "POST" and self.path.endswith("/runs/stream")

    @property
    def joins(self) -> bool:
        """Whether it is to join one."""
        return self.method == "GET" and self.path.endswith("/stream")


@dataclass
class Answer:
    """What is answered: JSON, or bytes, or pieces of a stream; `is_cut` in the middle of it.

    Without content, nothing is answered.
    """

    content: Any = field(default_factory=dict)
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False


def streamed(parts: Iterable[tuple[str, Any, str]], *, is_cut: bool = False) -> Answer:
    """A stream of these parts, each its event, data and id; "" for none."""
    pieces = [
        f"event: {event}\r\ndata: {json.dumps(data)}\r\n"
        + (f"id: {one}\r\n" if one else "")
        + "\r\n"
        for event, data, one in parts
    ]
    headers = {"Content-Location": f"/threads/t/runs/{RUN}"}
    return Answer([piece.encode() for piece in pieces], 200, "text/event-stream", headers, is_cut)


class LangGraphServer:
    """Serves on loopback until the end of the `with`; `asked` are the requests in order."""

    def __init__(
        self, script: Callable[[Asked], Answer | None], *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self.status = "success"
        self.runs: list[str] = []
        self._script = script
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: Asked) -> Answer:
        """What the script says, else what a server with one agent and these `runs` would."""
        self.asked.append(asked)
        if (found := self._script(asked)) is not None:
            return found
        if asked.path.endswith("/assistants/search"):
            return Answer([{"assistant_id": RUN, "graph_id": "agent"}])
        if asked.path.endswith("/runs"):
            return Answer([{"run_id": run, "status": self.status} for run in self.runs])
        return Answer({"run_id": RUN, "status": self.status, "thread_id": "t"})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, urlsplit(self.path).path, headers, body)
                with contextlib.suppress(ConnectionError):
                    self._send(outer.answer(asked))

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815

            def _send(self, answer: Answer) -> None:
                self.close_connection = answer.is_cut
                if answer.content is None:
                    return
                is_stream = isinstance(answer.content, list) and answer.kind != "application/json"
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if is_stream:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for piece in answer.content:
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.write(b"" if answer.is_cut else b"0\r\n\r\n")
                else:
                    content = answer.content
                    data = content if isinstance(content, bytes) else json.dumps(content).encode()
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(b"" if answer.is_cut else data)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
