"""An agent on a server in a real terminal: a chat, a pause and its answer, Ctrl-C."""

from __future__ import annotations

import shlex
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, environment
from tests.support.tmux import HAS_TMUX, Tmux

SIGN = "\u276f"  # of where a person types

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")
Start = Callable[..., Tmux]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command in a terminal, which shows its code at the end."""
    with tempfile.TemporaryDirectory(prefix="catagent-") as folder:
        tmux = Tmux(Path(folder) / "tmux", 80, 40)
        assigned = shlex.join(f"{name}={value}" for name, value in environment(tmp_path).items())

        def typed(*words: str) -> Tmux:
            tmux.type(f"clear; env {assigned} {shlex.join([*COMMAND, *words])}; echo code=$?")
            return tmux

        yield typed
        tmux.close()


def test_a_chat_with_a_served_agent_goes_on_in_its_thread(langgraph_dev: str, start: Start) -> None:
    few = ("--configurable", "tokens=3", "--configurable", "pace=0")
    tmux = start("chat", "--agent", f"{langgraph_dev}/slow", *few)
    for number in (1, 2):
        tmux.shows("/help lists the commands")
        tmux.until(lambda: tmux.screen().rstrip().endswith(SIGN))
        tmux.type(f"question {number}")
        tmux.until(lambda n=number: tmux.text().count("done in") == n)  # type: ignore[misc]
    tmux.until(lambda: tmux.screen().rstrip().endswith(SIGN))
    tmux.type("/undo")
    tmux.shows("takes no turn out of a thread")
    tmux.until(lambda: tmux.screen().rstrip().endswith(SIGN))
    tmux.press("C-d")
    tmux.shows("code=0")
    assert tmux.text().count("t0 t1 t2") == 2


def test_a_pause_of_a_served_agent_is_answered_at_its_prompt(
    langgraph_dev: str, start: Start
) -> None:
    shape = ("--configurable", "shape=pause in a tool")
    tmux = start("ask", "--agent", f"{langgraph_dev}/shape", "go on", *shape)
    tmux.until(lambda: tmux.screen().rstrip().endswith(SIGN))
    tmux.type("yes")
    tmux.shows(f"{SIGN} yes", "done in", "code=0")


@pytest.mark.parametrize("path", ["/agent", "/"])
def test_ctrl_c_leaves_a_server_that_does_not_answer(path: str, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}{path}"
        tmux = start(*(("watch", url) if path == "/" else ("ask", "--agent", url, "go on")))
        tmux.shows("no run yet" if path == "/" else "connecting to 127.0.0.1")
        tmux.press("C-c")
        tmux.until(lambda: "code=130" in tmux.text(), 10)
