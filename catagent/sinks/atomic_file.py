"""Files that appear whole or not at all, and never through a stray link."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

half_made: set[Path] = set()
"""For who leaves at once (`__main__`): files that nobody else would remove."""


@contextlib.contextmanager
def made(path: Path, mode: int, *, force: bool) -> Iterator[int]:
    """A descriptor to begin a file with. At the end of the block it is in its place, still open.

    A file that is there is replaced with `force`, and stays as it is should the block fail; a link
    that leads nowhere is replaced too. Raises FileExistsError without `force`, and OSError.
    """
    is_new = not force or _is_replaceable(path)
    place = path.parent / f".{secrets.token_hex(8)}.tmp" if force and is_new else path
    flags = os.O_CREAT | os.O_EXCL if is_new else os.O_TRUNC
    descriptor = os.open(place, os.O_WRONLY | os.O_CLOEXEC | flags, mode)
    try:
        half_made.update({place} if is_new else ())
        yield descriptor
        if place != path:
            place.replace(path)
    except BaseException:
        os.close(descriptor)
        if is_new:
            place.unlink(missing_ok=True)
        raise
    finally:
        half_made.discard(place)


def _is_replaceable(path: Path) -> bool:
    """Whether nothing is lost with it but its content: not a device, a pipe, a folder, a link."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return True
    return stat.S_ISREG(mode) or (stat.S_ISLNK(mode) and not path.exists())
