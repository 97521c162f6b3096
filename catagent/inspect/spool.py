"""Keeps events in a file of ours without a name: a run of any length takes little memory."""

import os
import tempfile
import weakref
from array import array

from catagent.errors import OutputError
from catagent.events.codec import decode, encode
from catagent.events.types import Event


class Spool:
    """Events by position, from 0, each as its line; 8 bytes of memory an event."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="catagent-")  # noqa: SIM115 - as long as we live
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._ends) - 1

    def append(self, event: Event) -> int:
        """Keep an event, and return its position. Raises OutputError where no space is left."""
        line = encode(event)
        try:
            self._file.write(line)
        except OSError as error:
            raise OutputError(f"cannot keep the events: {error.strerror}", "free space") from None
        self._ends.append(self._ends[-1] + len(line))
        return len(self._ends) - 2

    def line(self, position: int) -> bytes:
        """The event as it is kept, a line of JSON with its newline."""
        self._file.flush()
        begin, end = self._ends[position : position + 2]
        return os.pread(self._file.fileno(), end - begin, begin)

    def __getitem__(self, position: int) -> Event:
        """The event, made anew of its line."""
        return decode(self.line(position))
