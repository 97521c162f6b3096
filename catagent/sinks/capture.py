"""Catches what others write to our terminal, so that it neither tears the picture nor gets lost."""

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence

_LONGEST = 1 << 16
_ESCAPES = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[^\\[\\]])")


class Tap:
    """A pipe in the place of descriptors, always read by a thread: who writes never waits.

    That thread puts the lines as they come, as they were written.
    """

    def __init__(self, fds: Sequence[int], put: Callable[[str], object]) -> None:
        self._put = put
        _flush_streams()
        self._saved = {fd: os.dup(fd) for fd in fds}
        self._reader, writer = os.pipe()
        for fd in fds:
            os.dup2(writer, fd)
        os.close(writer)
        self._thread = threading.Thread(target=self._read, name="catagent-tap", daemon=True)
        self._thread.start()

    def give_back(self) -> None:
        """Put the file descriptors back where they were."""
        saved, self._saved = self._saved, {}
        for fd, original in saved.items():
            os.dup2(original, fd)
            os.close(original)

    def close(self) -> None:
        """Give the descriptors back; what was written before is put first."""
        _flush_streams()
        self.give_back()
        # A child process may still hold the pipe open, so its end may never come.
        self._thread.join(timeout=0.2)

    def _read(self) -> None:
        cutter = LineCutter()
        with contextlib.suppress(OSError):
            while data := os.read(self._reader, 1 << 16):
                for line in cutter.feed(data):
                    self._put(line)
        if cutter.partial:
            self._put(_text(cutter.partial))
        os.close(self._reader)


class LineCutter:
    """Cuts what comes into lines, endless ones into parts; of the last one `partial` is seen."""

    def __init__(self) -> None:
        self.partial = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now, each as a terminal would leave it."""
        *lines, last = (self.partial + data).split(b"\n")
        self.partial = _row(last) + b"\r" * last.endswith(b"\r")
        if len(self.partial) > _LONGEST:
            lines.append(self.partial)
            self.partial = b""
        return [_text(line) for line in lines]


def typed(line: str) -> str:
    """What is to be seen of a line that is being written, up to its cursor: no colours."""
    row: list[str] = []
    column = 0
    for char in _ESCAPES.sub("", line.rpartition("\r")[2]).expandtabs():
        if char == "\b":
            column = max(0, column - 1)
        else:
            row[column : column + 1] = char
            column += 1
    return "".join(row if "".join(row[column:]).strip() else row[:column])


def _row(line: bytes) -> bytes:
    """What is left of a line: a progress bar rewrites its row after each return."""
    return line.rstrip(b"\r").rpartition(b"\r")[2]


def _text(line: bytes) -> str:
    return _row(line).decode("utf-8", "replace")


def _flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
