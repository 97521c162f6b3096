"""Finds the embedded model's file, and fetches it once where it is not there yet."""

import contextlib
import errno
import hashlib
import importlib.util
import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from catagent import private
from catagent.config import Loaded
from catagent.errors import NetworkError, UsageError
from catagent.models.embedded import FETCHING
from catagent.models.embedded.fetching import BY_HAND, PACKAGE, Fetching
from catagent.models.spec import gguf_file
from catagent.platforms import IS_UNIX

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_NEEDED = 190_000_000  # bytes: for the wheel, and for what is in it


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
        if os.fstat(file.fileno()).st_size > _NEEDED:  # as a model of one's own may be
            return False
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


def _installed() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) / FILE if folders else None


def fetch(
    loaded: Loaded, cancelled: threading.Event, on_status: Callable[[str], object] = lambda _: None
) -> Path:
    """Fetch the file into the cache, from where the installer at hand has it, and return its path.

    It appears there whole and checked or not at all; of two processes one fetches, the other waits.
    Raises NetworkError when it does not arrive, UsageError when there is no installer, or no room.
    """
    target = loaded.cache_dir / FILE
    wheel = target.with_suffix(".part")  # fetching goes on with what it has
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (
            _alone(wheel, cancelled, on_status) as part,
            tempfile.TemporaryDirectory(dir=target.parent, prefix="fetching-") as folder,
        ):
            if not target.is_file():
                if shutil.disk_usage(folder).free + os.fstat(part).st_size < _NEEDED:
                    raise OSError(os.strerror(errno.ENOSPC))
                fetching = Fetching(
                    Path(folder).absolute(), part, loaded.environ, cancelled, on_status
                )
                if fetching.download():
                    _unpack(wheel, fetching.package)
                else:
                    fetching.install()
                os.truncate(part, 0)  # it has done its duty, or is damaged
                _check(fetching.package / FILE).replace(target)
    except OSError as error:
        message = f"cannot fetch the embedded model into {target.parent}: {error}"
        raise UsageError(message, f"it needs {_NEEDED // 10**6} MB there; or {BY_HAND}") from error
    return target


@contextlib.contextmanager
def _alone(
    path: Path, cancelled: threading.Event, on_status: Callable[[str], object]
) -> Iterator[int]:
    """Open the unfinished wheel once no other process has it open. What is empty is removed."""
    while (part := private.lock(path)) is None:
        on_status(f"{FETCHING}, which another process does")
        if cancelled.wait(0.2):
            raise NetworkError("waiting for the embedded model was stopped")
    try:
        for left in path.parent.glob("fetching-*") if IS_UNIX else ():  # by one that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield part
    finally:
        if IS_UNIX and not os.fstat(part).st_size:  # elsewhere not while it is open
            path.unlink(missing_ok=True)
        os.close(part)


def _unpack(wheel: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as opened:
            file = opened.getinfo(f"{PACKAGE}/{FILE}")
            if file.file_size < _NEEDED:
                opened.extract(file, folder.parent)
    except Exception as error:  # zipfile has many for what is no wheel, which `_check` will say
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise


def _check(path: Path) -> Path:
    if not path.is_file() or not is_whole(path):
        message = "the embedded model arrived damaged: its SHA-256 is not the one that it should be"
        raise NetworkError(message, f"try again, or {BY_HAND}")
    return path
