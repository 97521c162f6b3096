"""Folders and files that are their user's alone: nobody else may have written what is in them."""

import contextlib
import os
import stat
from pathlib import Path

from catagent.errors import OutputError
from catagent.platforms import IS_UNIX, NOFOLLOW, fcntl


def make(folder: Path) -> None:
    """Make a folder, and what is missing above it, for its user alone. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def is_private(folder: Path) -> bool:
    """Whether it is a folder of the user's that is open to nobody else. Raises OSError."""
    return _is_users(folder, stat.S_IFDIR) and stat.S_IMODE(folder.lstat().st_mode) == 0o700


def is_own_file(path: Path) -> bool:
    """Whether it is a file of the user's, and no link to one. Raises OSError."""
    return _is_users(path, stat.S_IFREG)


def check(folder: Path) -> None:
    """Raise OutputError for a folder that is not the user's alone. Raises OSError."""
    if not is_private(folder):
        hint = "remove it, or chmod 700 if it is"
        raise OutputError(f"{folder} is not a folder of yours alone", hint)


def lock(path: Path) -> int | None:
    """Lock a file, made where it is missing, and return its descriptor, which is to be closed.

    None where another process has it, or has just removed it. On Windows none ever has. Raises
    OSError.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | NOFOLLOW, 0o600)
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        if IS_UNIX:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    os.close(descriptor)
    return None


def _is_users(path: Path, kind: int) -> bool:
    found = path.lstat()
    return stat.S_IFMT(found.st_mode) == kind and found.st_uid == os.geteuid()
