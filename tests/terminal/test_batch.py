"""The line of `catagent batch` on a real terminal: how far it is, and nothing left of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, with_server
from tests.support.replies import Reply
from tests.support.server import Request, ScriptedServer
from tests.support.tmux import HAS_TMUX, Tmux

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")


def script(request: Request) -> Reply:
    """What is asked says what comes of it."""
    if request.prompt == "wrong":
        return Reply(status=400, body={"error": {"message": "no"}})
    return Reply(("yes",), pause=60 if request.prompt == "slow" else 0.05)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(script) as started:
        yield started


@pytest.fixture
def tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux]:
    terminal = Tmux(tmp_path_factory.mktemp("t") / "s", 80, 24)
    yield terminal
    terminal.close()


def test_the_line_of_a_batch_says_how_far_it_is_and_goes(
    tmux: Tmux, server: ScriptedServer, tmp_path: Path
) -> None:
    (tmp_path / "q.txt").write_text("wrong\n" + "who?\n" * 5 + "slow\n" * 6)
    variables = shlex.join(f"{k}={v}" for k, v in with_server(tmp_path, server.url).items())
    command = f"cd {tmp_path}; clear; env {variables} TERM=xterm-256color {shlex.join(COMMAND)}"
    tmux.type(f"{command} batch q.txt > r.jsonl; echo code=$?")
    tmux.shows("6/12", "1 failed")
    tmux.until(lambda: "/s" in tmux.screen())
    tmux.press("C-c")
    tmux.shows("code=130", "5 answered, 1 failed", "--resume r.jsonl >> r.jsonl")
    assert "6/12" not in tmux.text()
    assert "^C" not in tmux.text()
    assert tmux.cursor_is_on()
    assert tmux.echoes()
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 6
