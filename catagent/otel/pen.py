"""Writes spans with a tracer of OpenTelemetry's: their ids and times are given, not made."""

from dataclasses import dataclass, field
from typing import Any

from opentelemetry import trace
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags

from catagent import __version__
from catagent.events import types as ev
from catagent.events.codec import encodable
from catagent.otel.collector import Batches, Collector
from catagent.redact import Redactor

# No number in a span is larger.
MOST = 2**63 - 1

Ids = tuple[int, int]
"""The ids of a span's trace and of the span itself."""


@dataclass
class Draft:
    """A span that is not over: when it began, in nanoseconds since 1970, and what is known of it.

    `above` is the span that it is in, 0 for none, and `after` one of another trace.
    """

    name: str
    ids: Ids
    above: int
    began: int
    facts: dict[str, Any]
    kind: SpanKind = SpanKind.INTERNAL
    after: Ids | None = None
    events: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)


class Pen(IdGenerator):
    """Writes spans for a collector, through a provider that is nobody else's.

    No variable of the environment says where to, and no secret is in any.
    """

    def __init__(self, collector: Collector, redactor: Redactor) -> None:
        self._redactor, self._ids, quiet = redactor, (0, 0), NoOpMeterProvider()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource({"service.name": "catagent", "service.version": __version__}),
            shutdown_on_exit=False,
            id_generator=self,
            meter_provider=quiet,
        )
        self._provider.add_span_processor(Batches(collector, quiet))
        self._tracer = self._provider.get_tracer("catagent", __version__)
        self.close = self._provider.shutdown

    def generate_trace_id(self) -> int:
        """That of the span that starts next."""
        return self._ids[0]

    def generate_span_id(self) -> int:
        """The same."""
        return self._ids[1]

    def write(self, draft: Draft, ended: int, error: ev.Failure | None, *, quotes: bool) -> None:
        """Write a span that is over, with what went wrong; in words where it `quotes`."""
        self._ids = draft.ids
        above = _context((draft.ids[0], draft.above)) if draft.above else trace.INVALID_SPAN_CONTEXT
        span = self._tracer.start_span(
            self._safe(draft.name),
            trace.set_span_in_context(trace.NonRecordingSpan(above)),
            draft.kind,
            self._known(draft.facts),
            [] if draft.after is None else [Link(_context(draft.after))],
            min(draft.began, ended),
        )
        for name, facts, when in draft.events:
            span.add_event(name, self._known(facts), when)
        if error is not None:
            words = self._safe(error.message) if quotes else None
            span.set_status(StatusCode.ERROR, words)
            kind = {"error.type": error.type, "catagent.error.kind": error.kind}
            span.set_attributes(self._known(kind))
            raised = {"exception.type": error.type, "exception.message": words}
            span.add_event("exception", self._known(raised), ended)
        span.end(ended)

    def _known(self, facts: dict[str, Any]) -> dict[str, Any]:
        return {name: self._safe(v) for name, v in facts.items() if v is not None and v != ""}

    def _safe(self, value: Any) -> Any:
        """A value that can be sent: without secrets, half a character, or more than 64 bits."""
        if isinstance(value, list):
            return [self._safe(each) for each in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return max(-MOST, min(value, MOST))
        return self._redactor.text(encodable(value)) if isinstance(value, str) else value


def _context(ids: Ids) -> SpanContext:
    return SpanContext(*ids, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
