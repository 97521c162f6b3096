"""The sink that sends runs to a collector of OpenTelemetry's. No run waits for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from catagent.events.types import Event
from catagent.stop import Stop

if TYPE_CHECKING:
    from catagent.otel.collector import Collector
    from catagent.otel.spans import Spans

# So long a collector is waited for after a run that nobody has interrupted.
_LAST_S = 1.0
_LOOK_S = 0.02


class SpanSink:
    """Sends the spans of every run with what `connect` returns, which is called at the first event.

    Its thread starts then, too. `warn` is told at the end what was lost.
    """

    required = False

    def __init__(
        self,
        connect: Callable[[], tuple[Collector, Spans]],
        stop: Stop,
        warn: Callable[[str], object],
    ) -> None:
        self._connect, self._stop, self._warn, self._failure = connect, stop, warn, ""
        self._open: tuple[Collector, Spans] | None = None

    def write(self, event: Event) -> None:
        """Take one event."""
        if self._failure:
            return
        try:
            self._open = self._open or self._connect()
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
        lost = collector.made - collector.sent
        why = collector.trouble or "it did not answer in time"
        return f"{lost} of {collector.made} spans were not sent: {why}" if lost else ""
