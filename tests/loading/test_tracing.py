"""What is made lazy is what tracing needs: a run that is traced is traced whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.cli import catagent, with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer


class Traces(ThreadingHTTPServer):
    """A server that takes traces as LangSmith does, and keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent = b""


class _Handler(BaseHTTPRequestHandler):
    server: Traces

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.server.sent += self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def traces() -> Iterator[Traces]:
    with Traces() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("mode", ["events", "log", "steps"])
def test_a_traced_run_is_sent_to_langsmith(tmp_path: Path, traces: Traces, mode: str) -> None:
    with ScriptedServer(cat()) as server:
        env = with_server(
            tmp_path,
            server.url,
            LANGSMITH_TRACING="true",
            LANGSMITH_ENDPOINT=f"http://127.0.0.1:{traces.server_address[1]}",
            LANGSMITH_API_KEY="a key of nobody's",
        )
        done = catagent("ask", "-o", "answer", "-m", mode, "where?", env=env)
    assert done.returncode == 0, done.stderr
    assert b"Get Items LLM" in traces.sent
    assert done.stdout.strip().encode() in traces.sent
