"""A collector of OpenTelemetry's on a socket: it decodes what it is sent, and answers as told."""

from __future__ import annotations

import http.server
import threading
import time
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def value_of(value: Any) -> Any:
    """An attribute's value, in Python's types."""
    kind = value.WhichOneof("value")
    found = getattr(value, kind)
    return [value_of(each) for each in found.values] if kind == "array_value" else found


def facts(told: Any) -> dict[str, Any]:
    """The attributes of a span, an event or a resource."""
    return {each.key: value_of(each.value) for each in told.attributes}


class CollectorServer:
    """Answers each request with the next of `answers`, the last of them from then on, after `wait`.

    The answer is to have `length` bytes, which never come.

    `spans` are those it took, in the order in which they came; `bodies` and `headers` are whatever
    was sent, refused or not.
    """

    def __init__(
        self, *answers: int, wait: float = 0.0, location: str = "", length: int = 0
    ) -> None:
        self.spans: list[Span] = []
        self.resources: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._answers, self._wait, self._location = list(answers or (200,)), wait, location
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = server.take(self.path, dict(self.headers), body)
                self.send_response(status)
                if server._location:
                    self.send_header("Location", server._location)
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take one request, and return the status that answers it."""
        self.paths.append(path)
        self.headers.append(headers)
        self.bodies.append(body)
        time.sleep(self._wait)
        status = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if status == 200:
            for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(facts(sent.resource))
                self.spans += [span for scope in sent.scope_spans for span in scope.spans]
        return status

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def tree(self) -> dict[str, Any]:
        """The names of the spans as they are nested; of several with one name the last."""

        def below(parent: bytes) -> dict[str, Any]:
            inner = [span for span in self.spans if span.parent_span_id == parent]
            inner.sort(key=lambda span: span.start_time_unix_nano)
            return {span.name: below(span.span_id) for span in inner}

        return below(b"")

    def named(self, name: str) -> Span:
        """The only span of this name."""
        (found,) = (span for span in self.spans if span.name == name)
        return found
