"""Server-sent events, however the network cuts them, and what servers write between them."""

import codecs
from collections.abc import Iterable, Iterator

# The type of a line that is of no event, which no event can have.
STRAY = b"\n"
# A comment has no name.
_IGNORED = (b"", b"id", b"retry")


class ServerSentEvents:
    """The events in a body that comes in pieces, each its type and data; those without data not.

    A line that is of no event is one of type `STRAY`, a field `error`, as old llama.cpp has it, one
    of type `error`.
    """

    def __init__(self) -> None:
        self._mark = codecs.BOM_UTF8
        self._rest: list[bytes] = []
        self._ends_in_return = False
        self._kind = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The events that this piece completes. Lines end in CR, LF or both."""
        if not piece:
            return
        if self._ends_in_return:
            piece = piece.removeprefix(b"\n")  # of a line that has ended already
        self._ends_in_return = piece.endswith(b"\r")
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
        if not end:
            self._rest.append(piece)
            return
        lines = b"".join((*self._rest, piece[:end])).splitlines()
        self._rest = [piece[end:]]
        lines[0], self._mark = lines[0].removeprefix(self._mark), b""
        yield from self._events(lines)

    def end(self) -> Iterator[tuple[bytes, bytes]]:
        """The events in a last line that never ended; not those whose data may go on."""
        return self.feed(b"\n" if b":" in b"".join(self._rest) else b"")

    def _events(self, lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for line in lines:
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                self._data.append(value)
            elif name == b"event":
                self._kind = value
            elif not line.strip():
                yield from self._event()
            elif name not in _IGNORED:
                yield from self._event()
                yield (name, value) if name == b"error" else (STRAY, line)

    def _event(self) -> Iterator[tuple[bytes, bytes]]:
        kind, data = self._kind, b"\n".join(self._data)
        self._kind, self._data = b"", []
        if data:
            yield kind, data
