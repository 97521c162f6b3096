"""Where the events of a run go: stamped, into the state, and out to every recorder and sink."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.events.state import RunState, reduce
from catagent.events.timestamps import stamp
from catagent.sinks.base import RecorderSink, Sink
from catagent.sinks.fd_writer import StalledError

_S = TypeVar("_S", bound=Sink)
# What is emitted in place of an event: itself without secrets, nothing yet, or more.
Mask = Callable[[ev.Event], Sequence[ev.Event]]


class Broadcast:
    """The one way out for the events of a run, and what they came to.

    `sinks` get the events that `filters` keep, `recorders` every event. One that fails is let go:
    a recorder with a warning, and `on_failure` hears of a sink. `has_lost` says that something that
    a person asked for is incomplete, `unreported` what befell the last event itself.
    What failed in `after`, the run before it, stays let go.
    An event about no run of the agent's, such as a warning, is one about the whole run.
    Times of day come from `wall_clock`, `began`, `last` and `first_token` from `clock`, which
    cannot go backwards.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        recorders: Sequence[RecorderSink] = (),
        filters: Filters | None = None,
        mask: Mask = lambda event: (event,),
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        after: "Broadcast | None" = None,
    ) -> None:
        self.state = RunState()
        self.clock = clock
        self.began = self.last = clock()
        self.first_token: float | None = None
        self.on_failure: Callable[[OSError], None] = lambda _: None
        self.has_lost: bool = after is not None and after.has_lost
        self.lost: list[RecorderSink] = after.lost if after is not None else []
        self.unreported: list[ev.WarningData] = []
        # Held while an event is emitted: a run may be ended from another thread.
        self.lock = threading.RLock()
        self._sinks = list(sinks)
        self._recorders = [each for each in recorders if each not in self.lost]
        self._filters = filters or Filters()
        self._mask = mask
        self.wall_clock = wall_clock
        self._seq = 0

    def emit(self, event: ev.Event) -> None:
        """Mask the event, stamp it, take it into the state, hand it to every recorder and sink.

        Nothing is emitted once the run has finished.
        """
        with self.lock:
            if self.state.finished is None:
                for masked in self._mask(event):
                    self._emit(masked)

    def _emit(self, event: ev.Event) -> None:
        self._stamp(event)
        reduce(self.state, event)
        # All of them first: the warning about one must not meet another that has failed.
        lost = _failed(self._recorders, event)
        failed = _failed(self._sinks, event) if self._filters.keeps(event) else []
        for recorder, error in lost:
            self.lost.append(recorder)
            self._warn_of_loss(recorder, error)
        for _, error in failed:
            if self.state.finished is None:
                self.on_failure(error)
            else:
                self._miss_the_end(error)

    def _stamp(self, event: ev.Event) -> None:
        self.last = self.clock()
        if isinstance(event, ev.Unknown):
            return
        event.seq, self._seq = self._seq, self._seq + 1
        event.ts = stamp(self.wall_clock())
        if not event.run_id and self.state.started is not None:
            event.run_id = self.state.started.run_id
        if self.first_token is None and isinstance(event, ev.LlmToken):
            self.first_token = self.last

    def _miss_the_end(self, error: OSError) -> None:
        """The last event could not be written. A reader that left, or stalls, has been reported."""
        if not isinstance(error, BrokenPipeError | StalledError):
            self.has_lost = True
            message = f"Cannot write the output: {error.strerror or error}."
            self.unreported.append(ev.WarningData(code="output_failed", message=message))

    def _warn_of_loss(self, recorder: RecorderSink, error: OSError) -> None:
        self.has_lost = self.has_lost or recorder.required
        what = "The recording" if recorder.required else "The history of this run"
        message = f"{what} broke off: {error.strerror or error}."
        hint = "the run goes on" + "; its exit code will say so" * recorder.required
        data = ev.WarningData(code="recording_failed", message=message, hint=hint)
        if self.state.finished is not None:
            self.unreported.append(data)
        else:
            self.emit(ev.Warned(data=data))


def _failed(sinks: list[_S], event: ev.Event) -> list[tuple[_S, OSError]]:
    """Hand the event to each; take out those that fail, and return them with why."""
    failed = []
    for sink in tuple(sinks):
        try:
            sink.write(event)
        except OSError as error:
            sinks.remove(sink)
            failed.append((sink, error))
    return failed
