"""Takes what tracers send, and throws it away: prints its port, and serves until it is ended."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Collector(BaseHTTPRequestHandler):
    """LangSmith's API and that of OpenTelemetry, as far as their clients look."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """LangSmith's client asks how it is to send: compressed, in parts, as to its own server."""
        self._answer({"version": "0.12.0", "instance_flags": {"zstd_compression_enabled": True}})

    def do_POST(self) -> None:
        """Runs, or spans."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer({})

    def _answer(self, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Nothing: nobody reads it."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
