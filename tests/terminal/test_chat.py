"""`catagent chat` in a real terminal: turns, Ctrl-C, what is typed ahead, and how it is left."""

from __future__ import annotations

import json
import os
import shlex
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import paused_agents
from tests.support.cli import COMMAND, catagent, environment, with_server
from tests.support.replies import Reply
from tests.support.scripts import cat
from tests.support.server import Request, ScriptedServer
from tests.support.tmux import HAS_TMUX, Tmux

SIGN = "\u276f"  # of what a person types


class Chat:
    """A terminal with a chat in it, and the server that it asks."""

    def __init__(self, tmux: Tmux, home: Path, server: ScriptedServer) -> None:
        self.tmux, self.server, self._pid = tmux, server, home / "pid"
        variables = with_server(home, server.url)
        assigned = shlex.join(f"{name}={value}" for name, value in variables.items())
        self._script = home / "go"
        # Ctrl-C is for what runs in it, as where that was typed.
        command = f'exec env {assigned} {shlex.join(COMMAND)} chat "$@"'
        self._script.write_text(
            f"""trap : INT\ncd {home}\nsh -c 'echo $$ >pid; {command}' - "$@"\necho "code=$?"\n"""
        )

    def start(self, arguments: str = "") -> None:
        """Start it, and wait for its prompt."""
        self.tmux.type(f"clear; sh {self._script} {arguments}")
        self.tmux.shows("/help lists the commands")
        self.tmux.until(lambda: f"\n{SIGN}" in self.tmux.text())

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(int(self._pid.read_text()), number)

    def ends(self, code: int = 0) -> None:
        """Wait for its end with this exit code, and a terminal as it was."""
        self.tmux.shows(f"code={code}\n")
        assert self.tmux.echoes()
        assert self.tmux.cursor_is_on()


def script(request: Request) -> Reply:
    """The cat agent's, slowly; the last question of the conversation takes long to answer."""
    if request.messages[-1]["content"] == "and now?":
        return Reply(["so "] * 400, pace=0.05)
    return cat(tokens=40, pace=0.05)(request)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    with (
        tempfile.TemporaryDirectory(prefix="catagent-") as folder,
        ScriptedServer(script) as server,
    ):
        tmux = Tmux(Path(folder) / "tmux", 80, 40)
        yield Chat(tmux, tmp_path, server)
        tmux.close()


needs_tmux = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")


@needs_tmux
def test_a_conversation(chat: Chat) -> None:
    chat.start()
    chat.tmux.type("where is the cat?")
    chat.tmux.shows("get_items(")
    chat.tmux.type("what else?")  # while the turn runs: for the next prompt, and not sent
    chat.tmux.shows("done in", f"{SIGN} what else?")
    asked = len(chat.server.requests)
    chat.tmux.press("C-c")
    chat.tmux.until(lambda: "what else?" not in chat.tmux.text())
    chat.tmux.type("/modle")
    chat.tmux.shows("did you mean /model?")
    assert len(chat.server.requests) == asked
    chat.tmux.type("and now?")
    chat.tmux.until(lambda: len(chat.server.requests) > asked)
    chat.tmux.press("C-c")
    chat.tmux.press("C-c")  # the impatient do not leave
    chat.tmux.shows("cancelled after")
    assert "where is the cat?" in json.dumps(chat.server.requests[-1].messages)
    chat.tmux.type("/undo")
    chat.tmux.shows("taken out · and now?")
    chat.tmux.type("/quit")
    chat.ends()
    assert chat.tmux.text().count("where is the cat?") == 1
    assert "catagent chat --thread " in chat.tmux.text()


@needs_tmux
def test_a_turn_that_waits_is_answered_or_left_open_and_is_one_turn(chat: Chat) -> None:
    chat.start(f"--agent {paused_agents.__file__}:batched")
    chat.tmux.type("write")
    chat.tmux.shows("1 of 2: approve")
    chat.tmux.press("C-c")
    chat.tmux.shows("waiting for an answer after")
    chat.tmux.type("/undo")
    chat.tmux.shows("taken out · write")
    chat.tmux.type("mail")
    chat.tmux.until(lambda: chat.tmux.text().count("1 of 2: approve") == 1)
    chat.tmux.type("approve")
    chat.tmux.shows("2 of 2: approve")
    chat.tmux.type("reject no")
    chat.tmux.shows("done in")
    chat.tmux.type("/prompts")
    chat.tmux.shows("tool: sent to bob")
    chat.tmux.until(lambda: chat.tmux.text().rstrip().endswith("\u276f"))  # or the key is lost
    chat.tmux.press("C-d")
    chat.ends()
    assert chat.tmux.text().count("human: mail") == 2  # of the run that waited, and the next
    assert "human: write" not in chat.tmux.text()


@needs_tmux
@pytest.mark.parametrize(
    ("number", "in_turn", "code"), [(signal.SIGTERM, False, 143), (signal.SIGHUP, True, 129)]
)
def test_a_signal_ends_it_with_its_code(
    chat: Chat, number: signal.Signals, in_turn: bool, code: int
) -> None:
    chat.start()
    if in_turn:
        chat.tmux.type("where?")
        chat.tmux.shows("get_items(")
    chat.signal(number)
    chat.ends(code)


def test_it_needs_a_terminal(tmp_path: Path) -> None:
    done = catagent("chat", env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "catagent ask --thread" in done.stderr
