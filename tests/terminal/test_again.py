"""The answer alone, and a run seen again, in a real terminal."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.support.cli import COMMAND, with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer
from tests.support.tmux import HAS_TMUX, Tmux

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")


class Shell:
    """A terminal for `catagent`, with a server for it to ask."""

    def __init__(self, tmux: Tmux, home: Path, url: str) -> None:
        self.tmux, self._script = tmux, home / "go"
        variables = shlex.join(f"{name}={value}" for name, value in with_server(home, url).items())
        command = f'env -u LESS {variables} {shlex.join(COMMAND)} "$@"'
        # Ctrl-C is for what runs in it, as where that was typed.
        self._script.write_text(f'trap : INT\n{command}\necho "code=$?"\n')

    def start(self, arguments: str, pager: str = "cat") -> None:
        """Type the command."""
        self.tmux.type(f"clear; PAGER={pager} sh {self._script} {arguments}")
        self.tmux.until(lambda: arguments not in self.tmux.screen())

    def ends(self, code: int = 0) -> list[str]:
        """Wait for its end with this exit code; the rows that are left of it."""
        self.tmux.shows(f"code={code}")
        assert self.tmux.echoes()
        assert self.tmux.cursor_is_on()
        shown = self.tmux.text().rpartition("code=")[0]
        return re.sub(" +$", "", shown, flags=re.MULTILINE).splitlines()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with (
        tempfile.TemporaryDirectory(prefix="catagent-") as folder,
        ScriptedServer(cat(tokens=60, pace=0.02)) as server,
    ):
        tmux = Tmux(Path(folder) / "tmux", 80, 24)
        yield Shell(tmux, tmp_path, server.url)
        tmux.close()


@pytest.mark.parametrize("option", ["-q", "-o answer"])
def test_the_answer_alone_is_left_where_the_rest_was_a_status(shell: Shell, option: str) -> None:
    shell.start(f"ask where? {option}")
    shell.tmux.shows("is writing")
    assert shell.ends() == ["The cat is under the sofa."]


def test_show_leaves_what_the_live_view_left(shell: Shell) -> None:
    """But for what it says of how to see the run again."""
    shell.start("ask where? -v")
    live = shell.ends()
    assert len(live) > 24
    for pager in ("cat", "no-such-pager"):
        shell.start("show -v", pager)
        assert without_hints(shell.ends()) == without_hints(live)


def without_hints(rows: list[str]) -> list[str]:
    hint = re.compile(r"( · |^ +)(catagent show \S+( --full)?|--full)$")
    return [hint.sub("", row) for row in rows if not re.match(r" +catagent show", row)]


@pytest.mark.skipif(not which("less"), reason="less is not installed")
def test_a_pager_shows_what_is_longer_than_the_screen_and_may_be_left_early(shell: Shell) -> None:
    shell.start("ask where? -q")
    shell.ends()
    shell.tmux.resize(80, 10)
    shell.start("show", "less")
    shell.tmux.until(lambda: shell.tmux.screen().endswith("\n:\n"))
    assert "done in" not in shell.tmux.text()
    shell.tmux.press("C-c")
    # It may lose a key that comes before it has rung.
    shell.tmux.until(shell.tmux.has_rung)
    shell.tmux.press("q")
    assert shell.ends() == []
