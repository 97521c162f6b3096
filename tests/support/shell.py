"""`catagent` typed at the shell of a real terminal, which is to be whole when it ends."""

from __future__ import annotations

import contextlib
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.cli import COMMAND, with_server
from tests.support.server import Script, ScriptedServer
from tests.support.tmux import Tmux


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


@contextlib.contextmanager
def shell(home: Path, script: Script) -> Iterator[Shell]:
    """A shell in a terminal of 80x24, with this home and a server that answers so."""
    with (
        tempfile.TemporaryDirectory(prefix="catagent-") as folder,
        ScriptedServer(script) as server,
        contextlib.closing(Tmux(Path(folder) / "tmux", 80, 24)) as tmux,
    ):
        yield Shell(tmux, home, server.url)
