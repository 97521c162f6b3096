"""One JSON line an event, written the moment that it happens; or of a run its answer alone."""

import re
from typing import BinaryIO

from catagent.events.codec import encode
from catagent.events.types import Answer, Event
from catagent.sinks.base import Sink
from catagent.sinks.fd_writer import writer
from catagent.stop import Stop
from catagent.views.sanitize import clean

# What JSON leaves as it is and a terminal may obey: DEL, the C1 controls, and the marks that turn
# the direction of text.
_CONTROL = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class JsonlSink(Sink):
    """Writes to the stream's descriptor; on a terminal with JSON escapes for what controls it."""

    def __init__(self, stream: BinaryIO, stop: Stop | None = None) -> None:
        self._write = writer(stream.fileno(), stop)
        self._on_terminal = stream.isatty()

    def write(self, event: Event) -> None:
        """Write one line."""
        self.put(encode(event))

    def put(self, lines: bytes) -> None:
        """Write lines of JSON."""
        self._write(escaped(lines) if self._on_terminal else lines)


class AnswerSink(JsonlSink):
    """Writes the final answer as soon as there is one; on a terminal, made safe for it."""

    def write(self, event: Event) -> None:
        """Write the answer, if that is what the event is."""
        if isinstance(event, Answer):
            output = event.data.output
            text = clean(output) if self._on_terminal else output
            self._write((text.removesuffix("\n") + "\n").encode("utf-8", "replace"))


def escaped(lines: bytes) -> bytes:
    """The same JSON, with escapes for the characters that a terminal may obey."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", lines.decode()).encode()
