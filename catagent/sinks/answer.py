"""The final answer and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from catagent.events import types as ev
from catagent.sinks.base import Sink
from catagent.sinks.fd_writer import writer
from catagent.stop import Stop


class AnswerSink(Sink):
    """Writes the final answer as soon as there is one; on a terminal, as `clean` makes it safe."""

    def __init__(
        self, stream: BinaryIO, clean: Callable[[str], str], stop: Stop | None = None
    ) -> None:
        self._write = writer(stream.fileno(), stop)
        self._clean = clean if stream.isatty() else str

    def write(self, event: ev.Event) -> None:
        """Write the answer, if that is what the event is."""
        if not isinstance(event, ev.Answer):
            return
        text = self._clean(event.data.output)
        self._write((text.removesuffix("\n") + "\n").encode("utf-8", "replace"))
