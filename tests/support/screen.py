"""A pseudo-terminal with a reader, and pyte to see what it would show."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import threading
from collections.abc import Callable
from typing import BinaryIO

import pyte

from tests.support.descriptors import drain
from tests.support.waiting import wait_until


def shown_by(write: Callable[[BinaryIO], object]) -> bytes:
    """All that a terminal gets of a few lines that `write` writes; one read may give a part."""
    master, slave = os.openpty()
    with os.fdopen(slave, "wb", buffering=0) as stream:
        write(stream)
    shown = bytearray()
    drain(master, shown)
    return bytes(shown)


class Screen:
    """One pty: `fd` is the program's side. `read=False` is a terminal that is blocked."""

    def __init__(self, columns: int = 80, rows: int = 24, *, read: bool = True) -> None:
        self.master, self.fd = os.openpty()
        self.bytes = b""
        self.resize(columns, rows)
        self._emulator = pyte.HistoryScreen(columns, rows, history=100_000, ratio=1e-9)
        self._stream = pyte.ByteStream(self._emulator)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        if read:
            self._thread.start()

    def resize(self, columns: int, rows: int) -> None:
        """Change the size as a window would; the emulator keeps its own."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def echoes(self) -> bool:
        """Whether keys typed now would be shown."""
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def close(self) -> None:
        """Hang up."""
        os.close(self.fd)
        if self._thread.ident is not None:
            self._thread.join(5)
        os.close(self.master)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait for a condition; where it never holds, show the screen."""
        wait_until(condition, seconds, instead=self.text)

    def rows(self) -> list[str]:
        """Scrollback and screen."""
        with self._lock:
            above = [
                "".join(row[column].data for column in range(self._emulator.columns))
                for row in self._emulator.history.top
            ]
            return [row.rstrip() for row in [*above, *self._emulator.display]]

    def text(self) -> str:
        """Scrollback and screen as one text."""
        return "\n".join(self.rows()).rstrip("\n")

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                return
            with self._lock:
                self._stream.feed(data)
                self.bytes += data
