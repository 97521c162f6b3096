"""Runs as AG-UI events, one JSON object a line."""

from __future__ import annotations

from collections import defaultdict
from typing import BinaryIO

from catagent.events.codec import encode_plain
from catagent.events.types import Event, RunFinished, run_of
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
        self._translators: defaultdict[str, Translator] = defaultdict(Translator)
        self._run = ""

    def write(self, event: Event) -> None:
        """Write as many lines as the event comes to, at once."""
        self._run = run_of(event) or self._run
        translator = self._translators[self._run]
        lines = b"".join(map(encode_plain, translator.translate(event)))
        if lines:
            self._write(escaped(lines) if self._on_terminal else lines)
        if isinstance(event, RunFinished):
            del self._translators[self._run]

    def close(self) -> None:
        """Nothing is held back; the stream belongs to the caller."""
