"""The sink that sends runs to a collector of OpenTelemetry's. No run waits for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from catagent.events.types import Event
from catagent.redact import Redactor
from catagent.stop import Stop

if TYPE_CHECKING:
    from catagent.otel.collector import Collector
    from catagent.otel.spans import Spans

# So long a collector is waited for after a run that nobody has interrupted.
_LAST_S = 1.0
_LOOK_S = 0.02


class SpanSink:
    """Sends the spans of every run to `url`, with these headers, through a proxy where `proxied`.

    What was said is in them with `content` alone, and never one of the `secrets`. OpenTelemetry is
    imported, and its thread started, with the first event. `warn` is told at the end what was lost.
    """

    required = False

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        stop: Stop,
        warn: Callable[[str], object],
        *,
        secrets: Iterable[str],
        content: bool,
        proxied: bool,
    ) -> None:
        self._where, self._how = (url, headers, proxied), (Redactor(secrets), content)
        self._stop, self._warn, self._failure = stop, warn, ""
        self._open: tuple[Collector, Spans] | None = None

    def write(self, event: Event) -> None:
        """Take one event."""
        if self._failure:
            return
        try:
            self._open = self._open or self._opened()
            self._open[1].take(event)
        except Exception as error:  # of OpenTelemetry's, and no concern of the run's
            self._failure = f"no more spans: {type(error).__name__}: {error}"

    def close(self) -> None:
        """Send the rest, as long as there is time for it, and say what was lost."""
        opened, said = self._open, self._failure
        self._open, self._failure = None, "closed"
        if opened is not None:
            said = said or self._sent(*opened)
        if said and said != "closed":
            self._warn(said)

    def _sent(self, collector: Collector, spans: Spans) -> str:
        """Send the rest, and return what was lost, and why; "" for nothing."""
        collector.leaves.set()
        last = threading.Thread(target=spans.close, daemon=True)
        last.start()
        over_at = time.monotonic() + _LAST_S
        while last.is_alive() and time.monotonic() < over_at:
            last.join(_LOOK_S)
            if self._stop.why is not None:
                over_at = min(over_at, time.monotonic() + self._stop.patience())
        lost, why = (
            collector.made - collector.sent,
            collector.trouble or "it did not answer in time",
        )
        return f"{lost} spans were not sent: {why}" if lost else ""

    def _opened(self) -> tuple[Collector, Spans]:
        from catagent.otel.collector import Collector
        from catagent.otel.pen import Pen
        from catagent.otel.spans import Spans

        (url, headers, proxied), (redactor, content) = self._where, self._how
        collector = Collector(url, headers, proxied=proxied)
        return collector, Spans(Pen(collector, redactor), quotes=content)
