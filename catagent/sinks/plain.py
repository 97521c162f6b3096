"""Append-only lines for pipes, logs, dumb terminals, CI and screen readers."""

import os
from collections.abc import Callable
from typing import TextIO

from catagent.events import types as ev
from catagent.sinks.fd_writer import writer
from catagent.stop import Stop
from catagent.views.options import ViewOptions
from catagent.views.style import plain_look
from catagent.views.transcript import Transcript


class PlainSink:
    """Writes a line as soon as it is final, wrapped on a terminal, and never takes one back.

    `put` writes a text; without it every buffer of the stream is passed.
    """

    def __init__(
        self,
        options: ViewOptions,
        stream: TextIO,
        stop: Stop | None = None,
        put: Callable[[str], object] | None = None,
    ) -> None:
        self._transcript = Transcript(plain_look(options))
        self._put = put or _past_buffers(stream, stop)
        self._width = options.width or _terminal_width(stream)

    def write(self, event: ev.Event) -> None:
        """Take one event. Raises OSError when the stream fails."""
        self._transcript.update(event)
        self._write_rows()

    def close(self) -> None:
        """Write what is still held back."""
        self._transcript.settle()
        self._write_rows()

    def _write_rows(self) -> None:
        rows = self._transcript.take(self._width)
        if rows:
            self._put("".join(f"{row}\n" for row in rows))


def _past_buffers(stream: TextIO, stop: Stop | None) -> Callable[[str], object]:
    write = writer(stream.fileno(), stop)
    return lambda text: write(text.encode(stream.encoding, stream.errors or "strict"))


def _terminal_width(stream: TextIO) -> int | None:
    if not stream.isatty():
        return None
    return max(20, os.get_terminal_size(stream.fileno()).columns - 1)
