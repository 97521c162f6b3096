"""A server that lists its models, or refuses to, and remembers what it was asked with."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelsList(ThreadingHTTPServer):
    """Answers every GET with `status` and `body`, after `delay` seconds."""

    status, delay = 200, 0.0
    scheme = "http"

    def __init__(self, host: str) -> None:
        super().__init__((host, 0), _Handler)
        self.body: Any = {"data": [{"id": "gpt-4.1-mini"}, {"id": "gpt-4.1"}]}
        self.asked: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL is to be."""
        host, port = self.server_address[:2]
        return f"{self.scheme}://{host!s}:{port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ModelsList

    def do_GET(self) -> None:
        self.server.asked.append({"path": self.path, **self.headers})
        time.sleep(self.server.delay)
        body = json.dumps(self.server.body).encode()
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@contextmanager
def models_list(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[ModelsList]:
    """Serve until the end of the block."""
    with ModelsList(host) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            server.scheme = "https"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
