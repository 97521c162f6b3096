"""A run that waits in a real terminal: what is asked, how it is answered, or left open."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import paused_agents
from tests.support.cli import COMMAND, catagent, environment
from tests.support.tmux import HAS_TMUX, Tmux

SIGN = "\u276f"  # of where a person types
FORMS = "approve, edit, reject [REASON], respond TEXT; Ctrl-C leaves it open"

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Tmux]:
    """A terminal in which an agent waits for two decisions; the code is shown at the end."""
    with tempfile.TemporaryDirectory(prefix="catagent-") as folder:
        tmux = Tmux(Path(folder) / "tmux", 80, 40)
        assigned = shlex.join(f"{name}={value}" for name, value in environment(tmp_path).items())
        command = shlex.join(
            [*COMMAND, "ask", "--agent", f"{paused_agents.__file__}:batched", "go"]
        )
        tmux.type(f"clear; env {assigned} {command}; echo code=$?")
        yield tmux
        tmux.close()


def test_calls_are_decided_one_after_the_other_by_what_is_typed_at_the_prompt(asking: Tmux) -> None:
    """Not by what was typed before there was one, nor by a mere Enter; and all is one run."""
    asking.until(lambda: "go\n" in asking.text())
    asking.type("a")  # type-ahead
    asking.shows(f"1 of 2: {FORMS}")
    asking.type("")
    asking.shows("'' is no decision on send_email")
    asking.type("sure")
    asking.shows("'sure' is no decision on send_email")
    assert "sent" not in asking.text()
    asking.press("C-u")
    asking.type("edit")
    asking.shows('"to": "bob"')
    asking.press("C-c")  # back to the question
    asking.shows(f"1 of 2: {FORMS}")
    asking.type("edit")
    asking.shows('"to": "bob"')
    for key in ("Up", "C-e", *["BSpace"] * 4):
        asking.press(key)
    asking.write("ann")
    asking.press("Escape")
    asking.press("Enter")
    asking.shows("this is not JSON")
    asking.write('"')
    asking.press("Escape")
    asking.press("Enter")
    asking.shows(f'{SIGN} edit send_email(to="ann")', "2 of 2: approve, reject [REASON]; Ctrl-C")
    asking.type("r not that one")
    asking.shows(f"{SIGN} reject not that one", "code=0")
    text = asking.text()
    assert text.count("events\n") == text.count(f"{SIGN} go\n") == text.count("done in") == 1
    assert "sent to ann" in text
    assert "waiting for an answer after" not in text


@pytest.mark.parametrize("key", ["C-c", "C-d"])
def test_who_leaves_is_told_how_to_answer_later(asking: Tmux, key: str) -> None:
    asking.shows(f"1 of 2: {FORMS}")
    asking.press("C-z")
    asking.shows("Stopped")
    asking.type("fg")
    asking.until(lambda: asking.screen().rstrip().endswith(SIGN))
    asking.press(key)
    asking.shows("path: /a", "--answer approve")
    asking.until(asking.echoes)
    assert "sent" not in asking.text()


def test_at_a_breakpoint_in_a_chain_it_is_asked_in_the_middle_of_the_run(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="catagent-") as folder:
        tmux = Tmux(Path(folder) / "tmux", 80, 40)
        assigned = shlex.join(f"{name}={value}" for name, value in environment(tmp_path).items())
        file = str(tmp_path / "run.jsonl")
        ask = [*COMMAND, "ask", "--agent", f"{paused_agents.__file__}:at_once", "--step", "go"]
        ask += ["--record", file]
        tmux.type(f"clear; env {assigned} {shlex.join(ask)}; echo code=$?")
        tmux.shows("before send_email", "Enter goes on, s steps, q leaves")
        tmux.type("s")
        tmux.shows("before delete_file", "Enter goes on, s steps, q leaves")
        tmux.type("")
        tmux.shows("sent to bob; deleted /a", "code=0")
        text = tmux.text()
        tmux.close()
    assert text.index(f"{SIGN} step") < text.index("before delete_file")
    assert text.count("before ") == 2
    assert text.count("done in") == text.count(f"{SIGN} continue") == 1
    shown = catagent("show", file, env=environment(tmp_path)).stdout
    assert shown.index("before send_email") < shown.index("sent to bob")
    exported = catagent("export", file, "-", "--format", "md", env=environment(tmp_path)).stdout
    assert exported.count("Breakpoint") == 2
