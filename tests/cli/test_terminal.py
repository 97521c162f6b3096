"""`catagent ask` in front of a person: on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from pathlib import Path

from tests.support.cli import COMMAND, with_server
from tests.support.replies import failing
from tests.support.scripts import cat
from tests.support.server import Script, ScriptedServer


def on_terminal(script: Script, home: Path, *arguments: str) -> tuple[int, str]:
    """Exit code, and all that reached the terminal: stdin, stdout and stderr are one."""
    with ScriptedServer(script) as server:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, "ask", "where is the cat?", *arguments],
            env=with_server(home, server.url, TERM="xterm-256color", COLUMNS="80"),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        shown = _drain(master)
        return process.wait(30), shown


def _drain(master: int) -> str:
    pieces = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(master)
    return b"".join(pieces).decode()


def test_auto_is_live_on_a_terminal(tmp_path: Path) -> None:
    """The panels, the answer and the status line are there, and the cursor is given back."""
    code, shown = on_terminal(cat(tokens=5), tmp_path)
    assert code == 0
    assert "get_items" in shown
    assert "t0 t1 t2 t3 t4" in shown
    assert "done in" in shown
    assert shown.rstrip().endswith("\x1b[?25h") or shown.rfind("\x1b[?25h") > shown.rfind(
        "\x1b[?25l"
    )


def test_a_failure_is_told_once(tmp_path: Path) -> None:
    """The view shows it: on the same terminal, stderr need not repeat it."""
    code, shown = on_terminal(lambda _: failing(401, "no such key"), tmp_path)
    assert code == 4
    assert shown.count("refused") == 1
    assert "Traceback" not in shown
