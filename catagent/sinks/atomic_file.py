"""Files that appear whole or not at all, and never through a stray link."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from catagent.platforms import FILE, IS_UNIX

half_made: set[Path] = set()
"""For who leaves at once (`__main__`): files that nobody else would remove."""


@contextlib.contextmanager
def made(path: Path, mode: int, *, force: bool) -> Iterator[int]:
    """A descriptor to begin a file with. At the end of the block it is in its place, still open.

    A file that is there is replaced with `force`, and stays as it is should the block fail; a link
    that leads nowhere is replaced too. Raises FileExistsError without `force`, and OSError.
    """
    # Windows renames no file that is open: there, one that is there is overwritten in place.
    is_new = not force or (_is_replaceable(path) and (IS_UNIX or not path.exists()))
    is_apart = force and is_new and IS_UNIX
    place = path.parent / f".{secrets.token_hex(8)}.tmp" if is_apart else path
    flags = os.O_CREAT | os.O_EXCL if is_new else os.O_TRUNC
    descriptor = os.open(place, os.O_WRONLY | FILE | flags, mode)
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
