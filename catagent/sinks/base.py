"""What every sink is."""

from __future__ import annotations

from typing import Protocol

from catagent.events.types import Event


class Sink(Protocol):
    """Takes the events of one run, in order, on the thread of the event loop.

    `write` must not block for long and must not raise for a bad event; it raises OSError
    (BrokenPipeError, ENOSPC) when its stream fails. `close` is called exactly once, on success
    and on every failure, with nothing written after it.

    One that writes to a stream is made as `NAMESink(stream, stop)`, and writes with
    `fd_writer.writer(stream.fileno(), stop)`, which passes every buffer and waits for a reader
    until `stop` is due. The stream stays the caller's: `close` does not close it.

    `Unknown` events come too, with neither `name`, `data` nor `run_id`. Text may hold characters
    that control a terminal: where `stream.isatty()`, lines of JSON go through `jsonl.escaped` and
    text through `views.sanitize.clean`.
    """

    def write(self, event: Event) -> None:
        """Take one event."""

    def close(self) -> None:
        """Write what is still held back and let go of the stream."""


class RecorderSink(Sink, Protocol):
    """A sink that keeps a run. `required` says that its failing must show in the exit code."""

    required: bool
