"""What every sink is."""

from typing import Protocol

from catagent.events.types import Event


class Sink(Protocol):
    """Takes the events of one run, in order, on the thread of the event loop.

    `write` must neither block for long nor raise, except OSError when its stream fails. `close` is
    called exactly once, whatever happens, with nothing written after it.

    One that writes to a stream is made as `NAMESink(stream, stop)`, and writes with
    `fd_writer.writer`. The stream stays the caller's. On a terminal, lines of JSON go through
    `jsonl.escaped` and text through `views.sanitize.clean`.
    """

    def write(self, event: Event) -> None:
        """Take one event."""

    def close(self) -> None:
        """Write what is still held back and let go of the stream, if there is such."""
        return


class RecorderSink(Sink, Protocol):
    """A sink that keeps a run. `required` says that its failing must show in the exit code."""

    required: bool
