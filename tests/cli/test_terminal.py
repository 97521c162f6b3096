"""`catagent ask` in front of a person: on a pseudo-terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, on_terminal, with_server
from tests.support.replies import failing
from tests.support.scripts import cat
from tests.support.server import Script, ScriptedServer

pytestmark = pytest.mark.versions


def asked(script: Script, home: Path) -> tuple[int, str]:
    """Exit code, and all that a terminal of 80 columns gets."""
    with ScriptedServer(script) as server:
        env = with_server(home, server.url, COLUMNS="80")
        return on_terminal("ask", "where is the cat?", env=env)


def test_output_auto_is_live_on_a_terminal(tmp_path: Path) -> None:
    """The panels, the answer and the status line are there, and the cursor is given back."""
    code, shown = asked(cat(tokens=5), tmp_path)
    assert code == 0
    assert "get_items" in shown
    assert "t0 t1 t2 t3 t4" in shown
    assert "done in" in shown
    assert shown.rstrip().endswith("\x1b[?25h") or shown.rfind("\x1b[?25h") > shown.rfind(
        "\x1b[?25l"
    )


def test_a_failure_on_a_terminal_is_shown_once(tmp_path: Path) -> None:
    """The view shows it: on the same terminal, stderr need not repeat it."""
    code, shown = asked(lambda _: failing(401, "no such key"), tmp_path)
    assert code == 4
    assert shown.count("refused") == 1
    assert "Traceback" not in shown


def test_events_in_a_pipe_have_no_status_line_beside_them(tmp_path: Path) -> None:
    """What reads them may print lines on the same terminal, as jq does."""
    near, far = os.openpty()
    with ScriptedServer(cat(tokens=5)) as server:
        env = with_server(tmp_path, server.url, TERM="xterm-256color")
        asked = [*COMMAND, "ask", "where is the cat?"]
        done = subprocess.run(asked, env=env, stdout=subprocess.PIPE, stderr=far, check=True)
    os.write(far, b"-end-")
    assert b"run.finished" in done.stdout
    assert os.read(near, 65_536) == b"-end-"
    os.close(near)
    os.close(far)
