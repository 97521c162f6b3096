"""A real terminal to look at: one tmux server of its own, with a shell in it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

from tests.support.waiting import wait_until

HAS_TMUX = shutil.which("tmux") is not None
ROOT = Path(__file__).parents[2]


class Tmux:
    """One window with `sh` in it, which leaves the terminal's modes as it finds them.

    `CI`, with which catagent takes no terminal for one to draw on, does not reach it.
    """

    def __init__(self, socket: Path, columns: int, rows: int) -> None:
        self._socket = str(socket)
        size = ["-x", str(columns), "-y", str(rows)]
        shell = "env -u ENV -u CI PS1='$ ' sh -i"
        self._run("-f", "/dev/null", "new-session", "-d", *size, shell)
        self._run("set-option", "-g", "history-limit", "100000")
        # The limit counts for new windows alone.
        self._run("new-window", "-c", str(ROOT), shell)
        self._run("resize-window", *size)
        self.until(lambda: self.text().startswith("$"))
        self.tty = self._run("display-message", "-p", "#{pane_tty}").strip()

    def write(self, text: str) -> None:
        """Type a text, and no Return."""
        self._run("send-keys", "-l", text)

    def type(self, line: str) -> None:
        """Type a line and Return."""
        self.write(line)
        self._run("send-keys", "Enter")

    def press(self, key: str) -> None:
        """Press one key, in tmux's words: `C-z`."""
        self._run("send-keys", key)

    def drive(self, *arguments: str, before: str = "") -> None:
        """Start tests.terminal.drive in the foreground."""
        python = shlex.quote(sys.executable)
        self.type(f"{before} {python} -m tests.terminal.drive {' '.join(arguments)}")

    def resize(self, columns: int, rows: int) -> None:
        """Resize the window."""
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        """What can be seen."""
        return self._run("capture-pane", "-p")

    def text(self) -> str:
        """Scrollback and screen, rows joined where the terminal itself wrapped them."""
        return self._run("capture-pane", "-p", "-J", "-S", "-")

    def colors(self) -> str:
        """The same, with the sequences that colour it."""
        return self._run("capture-pane", "-p", "-e", "-J", "-S", "-")

    def cursor_is_on(self) -> bool:
        """Whether the cursor can be seen."""
        return self._run("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def has_rung(self) -> bool:
        """Whether a program has rung the bell."""
        return self._run("display-message", "-p", "#{window_bell_flag}").strip() == "1"

    def echoes(self) -> bool:
        """Whether keys typed now would be shown."""
        fd = os.open(self.tty, os.O_RDONLY | os.O_NOCTTY)
        try:
            return bool(termios.tcgetattr(fd)[3] & termios.ECHO)
        finally:
            os.close(fd)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait for a condition; where it never holds, show the screen."""
        wait_until(condition, seconds, instead=self.text)

    def shows(self, *words: str) -> None:
        """Wait until all of these can be seen."""
        self.until(lambda: all(word in self.text() for word in words))

    def close(self) -> None:
        """End the server and all that runs in it."""
        self._run("kill-server")

    def _run(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._socket, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
