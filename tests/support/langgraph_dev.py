"""One `langgraph dev` for all tests of a session, whichever xdist worker asks for it first.

    def test_...(langgraph_dev: str):                   # http://127.0.0.1:PORT
        warm.run(["ask", QUESTION, "--agent", f"{langgraph_dev}/cat"], env)

It serves tests/served_agents/langgraph.json. As a command, for trials by hand:
`python -m tests.support.langgraph_dev FOLDER`, which keeps its state and its log in FOLDER, writes
its address into FOLDER/url, and ends with whoever holds FOLDER/users locked.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

from tests.support.scripts import cat
from tests.support.server import ScriptedServer

SERVED = Path(__file__).parents[1] / "served_agents"
_ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "COVERAGE_PROCESS_CONFIG")
_QUIET = {
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "1",
    "LANGSMITH_TRACING": "false",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_ADDRESS = re.compile(rb"API: \S*?(http://127\.0\.0\.1:\d+)")
_PATIENCE_S = 90.0


def _dev(port: int) -> list[str]:
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--host", "127.0.0.1", "--port"]
    return [*command, str(port), "--no-browser", "--no-reload", "--n-jobs-per-worker", "10"]


class Server:
    """A `langgraph dev` of one's own, to be killed and started again. Ends with the `with`.

    `folder` is its current one: its state goes there, and it takes the paths of its file from
    there, so links to `files` are made in it. `command` is another to start it with, on a port.
    """

    def __init__(
        self,
        folder: Path,
        files: Iterable[Path] = (),
        command: Callable[[int], list[str]] = _dev,
        **environ: str,
    ) -> None:
        self.folder, self.log = folder, folder / "log"
        self._environ = environ
        self.port = free_port()
        self._command = command(self.port)
        for each in files or SERVED.iterdir():
            (folder / each.name).symlink_to(each)
        self.url = ""
        self.process = self._start()

    def __enter__(self) -> Self:
        try:
            self.wait_ready()
        except BaseException:
            self.end(signal.SIGKILL)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.end(signal.SIGTERM)  # it measures its coverage, and says so
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals) -> None:
        """End it, and whatever it has started. Raises TimeoutExpired where it does not."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        self.process.wait(20)

    def restart(self) -> None:
        """Start it again after `end`, on its port; what it knew is lost but for its files."""
        self.process = self._start()
        self.wait_ready()

    def _start(self) -> subprocess.Popen[bytes]:
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ |= _QUIET | {"HOME": str(self.folder), "PYTHONPATH": str(_ROOT)} | self._environ
        with self.log.open("wb") as log:
            return subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Return once it answers. It takes another port than was wanted where that is taken."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log.read_text(errors="replace")[-4000:])
            time.sleep(0.05)

    def _answers(self) -> bool:
        found = _ADDRESS.search(self.log.read_bytes())
        self.url = found[1].decode() if found else ""
        with contextlib.suppress(OSError):
            if self.url:
                urllib.request.urlopen(f"{self.url}/ok", timeout=5).close()  # noqa: S310
                return True
        return False


def free_port() -> int:
    """A port of 127.0.0.1 that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def shared(folder: Path) -> Iterator[str]:
    """The address of the one that this folder stands for; started by whoever comes first."""
    folder.mkdir(exist_ok=True)
    with (folder / "starting").open("w") as starting, (folder / "users").open("w") as users:
        fcntl.flock(starting, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)  # the kernel lets go of it, however we end
        if not (folder / "url").exists():
            _start_keeper(folder)
        fcntl.flock(starting, fcntl.LOCK_UN)
        yield (folder / "url").read_text()


def _start_keeper(folder: Path) -> None:
    command = [sys.executable, "-m", "tests.support.langgraph_dev", str(folder)]
    with (folder / "keeper.log").open("wb") as log:
        keeper = subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while not (folder / "url").exists():
        if keeper.poll() is not None:
            raise RuntimeError((folder / "keeper.log").read_text(errors="replace"))
        time.sleep(0.05)
    keeper.returncode = 0  # it outlives us, where others go on: nobody is to warn of that


def keep(folder: Path) -> None:
    """Serve until nobody holds `users` any more: this waits for the lock that none can share."""
    script = ScriptedServer(cat())
    with script, Server(folder, OPENAI_BASE_URL=script.url, OPENAI_API_KEY="test") as server:
        written = folder / "url.new"
        written.write_text(server.url)
        written.rename(folder / "url")
        with (folder / "users").open() as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            (folder / "url").unlink()


if __name__ == "__main__":
    keep(Path(sys.argv[1]).resolve())
