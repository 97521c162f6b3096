"""What is said on stderr."""

from __future__ import annotations

import os
import pty
import sys
import termios

import pytest

from catagent.cli.stderr import say

MESSAGE = "catagent: warning: the server of the model answered with nothing"
HINT = "ask it again, or choose another model with --model"


def test_no_word_is_broken_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 40))
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        say(MESSAGE, HINT)
        shown = os.read(ours, 1000).decode()
    os.close(ours)
    assert shown.splitlines() == [
        "catagent: warning: the server of the",
        "    model answered with nothing",
        "  hint: ask it again, or choose",
        "      another model with --model",
    ]


def test_a_message_in_a_pipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(MESSAGE, HINT)
    assert capsys.readouterr().err == f"{MESSAGE}\n  hint: {HINT}\n"
