"""Puts rows on a terminal: those that are final once, above; the footer again and again, below.

Between frames the cursor stands on the footer's first row, unseen but where a person types.
What a resize leaves of it on the screen is all below: clearing from there takes that away alone.
"""

import os
from collections.abc import Iterable, Sequence

_SYNC_ON, _SYNC_OFF = "\x1b[?2026h", "\x1b[?2026l"
_WRAP_ON, _WRAP_OFF = "\x1b[?7h", "\x1b[?7l"
_CURSOR_ON, _CURSOR_OFF = "\x1b[?25h", "\x1b[?25l"
_SAVE, _BACK = "\x1b7", "\x1b8"
_CLEAR_RIGHT, _RESET = "\x1b[K", "\x1b[0m"
# Clearing from the upper left corner makes tmux keep the footer in its history: so the first
# row is cleared by itself, and the rest from its second column on.
_CLEAR_BELOW = "\r\x1b[K\x1b[C\x1b[J\r"
# Small enough that even a slow line shows some progress within a few seconds.
_SLICE = 1 << 12

RESTORE = _CLEAR_BELOW + _RESET + _WRAP_ON + _CURSOR_ON + _SYNC_OFF


class Painter:
    """Draws frames on a file descriptor: one write a frame, and none when nothing changed."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.frames = 0
        self.written = 0
        # What stands below the transcript now; None where nothing does.
        self._footer: list[str] | None = None
        self._stale = False
        self._cursor: int | None = None

    def frame(self, final: Sequence[str], footer: Sequence[str], cursor: int | None = None) -> None:
        """Print the `final` rows for good and show the `footer` below them.

        `cursor` is the cell of the footer's first row in which the cursor is seen.
        """
        new, old, stale = list(footer), self._footer, self._stale
        if not final and not stale and (new, cursor) == (old or [], self._cursor):
            return
        self._footer, self._stale = new, False
        if final or stale or old is None or len(new) != len(old):
            hide = _CURSOR_OFF if stale or old is None else ""
            body = hide + _CLEAR_BELOW + _lines(final) + _footer(new)
        else:
            # The rows that differ, each written over the old one.
            pairs = enumerate(zip(old, new, strict=True))
            body = "\r" + _rows((index, row) for index, (was, row) in pairs if row != was)
        if cursor is not None or self._cursor is not None:
            body += _CURSOR_OFF if cursor is None else f"\x1b[{cursor + 1}G{_CURSOR_ON}"
        self._cursor = cursor
        self._write(_SYNC_ON + body + _SYNC_OFF)

    def forget(self) -> None:
        """Draw everything again in the next frame: the screen was resized or used by another."""
        self._stale = self._footer is not None

    def finish(self, final: Sequence[str]) -> None:
        """Print the last rows, take the footer away, and give the cursor back."""
        if self._footer is not None:
            self._write(_CLEAR_BELOW + _lines(final) + RESTORE)
        else:
            self.append(final)
        self._footer, self._stale = None, False

    def append(self, rows: Sequence[str]) -> None:
        """Print rows and nothing else: for a terminal that is not ours to draw on."""
        if rows:
            self._write(_lines(rows))

    def _write(self, text: str) -> None:
        data = memoryview(text.encode("utf-8", "replace"))
        self.frames += 1
        while data:
            done = os.write(self.fd, data[:_SLICE])
            self.written += done
            data = data[done:]


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\r\n" for row in rows)


def _footer(rows: Sequence[str]) -> str:
    """Room for the footer, and the footer in it.

    Newlines alone scroll, and they do so before anything stands in the room: on a screen that a
    resize, of which we don't know yet, has left too small, no row of it gets into the scrollback.
    """
    below = len(rows) - 1
    room = "\r\n" * below + f"\x1b[{below}A" if below else ""
    return room + _rows(enumerate(rows))


def _rows(rows: Iterable[tuple[int, str]]) -> str:
    """Rows of the footer. The cursor is saved: on a small screen, moving up would lead too far."""
    drawn = (
        _SAVE + (f"\x1b[{index}B" if index else "") + row + _RESET + _CLEAR_RIGHT + _BACK
        for index, row in rows
    )
    return _WRAP_OFF + "".join(drawn) + _WRAP_ON
