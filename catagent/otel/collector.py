"""Sends spans to a collector: OTLP over HTTP, and nothing of it where the program's own logs go.

OpenTelemetry's own exporter is not used. It takes headers and certificates from the environment for
whatever address it is given, follows redirects with them, and says what fails in logs alone.
"""

import logging
import threading
from collections.abc import Mapping, Sequence

import httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

_BACKOFF_S = (0.5, 1.0, 2.0)
_AGAIN = frozenset({429, 502, 503, 504})
_MOST_WAITING = 2000


class Collector(SpanExporter):
    """The collector at `url`, asked with these headers and no others, on a thread of the SDK's.

    Of the spans that were `made`, by one thread, `tried` and `sent` are counted by the other.
    `trouble` is why some were lost, "" where none were. Nothing is tried again once it `leaves`.
    """

    def __init__(self, url: str, headers: Mapping[str, str], *, proxied: bool) -> None:
        self.made = self.tried = self.sent = 0
        self.trouble = ""
        self.leaves = threading.Event()
        self._url, self._thread = url, 0
        kind = {"Content-Type": "application/x-protobuf"}
        timeout = httpx.Timeout(10.0, connect=5.0)
        # Without redirects: the client follows none unless it is told to.
        self._client = httpx.Client(headers={**headers, **kind}, timeout=timeout, trust_env=proxied)
        # What httpx says of each request would stand in the log of an agent in this process.
        logging.getLogger("httpx").addFilter(lambda record: record.thread != self._thread)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send them, more than once where that may help; what fails is counted, never raised."""
        self._thread = threading.get_ident()
        self.tried += len(spans)
        body = encode_spans([*spans]).SerializeToString()
        for pause in (*_BACKOFF_S, None):
            why, again = self._post(body)
            if not why:
                self.sent += len(spans)
                return SpanExportResult.SUCCESS
            if pause is None or not again or self.leaves.wait(pause):
                break
        self.trouble = why
        return SpanExportResult.FAILURE

    def _post(self, body: bytes) -> tuple[str, bool]:
        """Why it was not taken, "" if it was, and whether it may be another time."""
        try:
            # What else it says is not read: it might have no end.
            with self._client.stream("POST", self._url, content=body) as response:
                pass
        except Exception as error:  # of httpx, but for a name that can be no host's
            return type(error).__name__, isinstance(error, httpx.TransportError)
        if response.is_success:
            return "", False
        moved = ", a redirect, which is not followed" * response.is_redirect
        return f"HTTP {response.status_code}{moved}", response.status_code in _AGAIN


class Batches(BatchSpanProcessor):
    """Hands spans to the collector in batches. More than it can take are counted, and let go."""

    def __init__(self, collector: Collector, meters: MeterProvider) -> None:
        super().__init__(collector, _MOST_WAITING + 1, 500, 256, meter_provider=meters)
        self._collector, self._dropped = collector, 0

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that has ended."""
        ours = self._collector
        ours.made += 1
        if ours.made - self._dropped - ours.tried <= _MOST_WAITING:
            super().on_end(span)
        else:
            self._dropped += 1
            ours.trouble = ours.trouble or "it takes too long"
