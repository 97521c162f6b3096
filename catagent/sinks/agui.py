"""The run as AG-UI events, one JSON object a line."""

from __future__ import annotations

from typing import BinaryIO

from catagent.events.codec import encode_plain
from catagent.events.types import Event
from catagent.sinks.agui_events import Translator
from catagent.sinks.fd_writer import writer
from catagent.sinks.jsonl import escaped
from catagent.stop import Stop


class AguiSink:
    """Writes what the protocol makes of each event, the moment that it happens.

    On a terminal, characters that control it are written as JSON escapes; it is the same JSON.
    """

    def __init__(self, stream: BinaryIO, stop: Stop | None = None) -> None:
        self._write = writer(stream.fileno(), stop)
        self._on_terminal = stream.isatty()
        self._translator = Translator()

    def write(self, event: Event) -> None:
        """Write as many lines as the event comes to, at once."""
        lines = b"".join(map(encode_plain, self._translator.translate(event)))
        if lines:
            self._write(escaped(lines) if self._on_terminal else lines)

    def close(self) -> None:
        """Nothing is held back; the stream belongs to the caller."""
