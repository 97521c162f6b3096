"""A recording: a header, then every event of one run, in a file that nobody else can read."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from catagent import __version__
from catagent.errors import OutputError
from catagent.events.codec import Header, encode, encode_plain
from catagent.events.timestamps import stamp
from catagent.events.types import SCHEMA, Event
from catagent.platforms import IS_UNIX
from catagent.sinks.atomic_file import made
from catagent.sinks.fd_writer import writer
from catagent.stop import Stop


class Recorder:
    """Writes each line as it happens, so that a killed process leaves a readable file.

    An existing file is replaced with `force` alone. `required` says that a person asked for this
    one: should it fail, the exit code says so. Raises OutputError where it can't be made.
    """

    def __init__(
        self, path: Path, stop: Stop | None = None, *, force: bool = False, required: bool = True
    ) -> None:
        self.path = path
        self.required = required
        try:
            with made(path, 0o600, force=force) as self._descriptor:
                if IS_UNIX and stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                    os.fchmod(self._descriptor, 0o600)
                self._write = writer(self._descriptor, stop)
                self._write(header())
        except OSError as error:
            raise _refusal(path, error) from error

    def write(self, event: Event) -> None:
        """Write one line."""
        self._write(encode(event))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def header() -> bytes:
    """Return the first line of a recording that is made now."""
    now = stamp(datetime.now(UTC), "seconds")
    return encode_plain(Header(schema=SCHEMA, catagent=__version__, created=now))


def _refusal(path: Path, error: OSError) -> OutputError:
    if isinstance(error, FileExistsError | IsADirectoryError) and path.is_dir():
        return OutputError(f"cannot record to {path}: it is a folder", "give the name of a file")
    if isinstance(error, FileExistsError):
        return OutputError(f"{path} exists already", "choose another name, or overwrite: --force")
    if isinstance(error, FileNotFoundError):
        return OutputError(f"cannot record to {path}: no folder {path.parent}", "make it first")
    return OutputError(f"cannot record to {path}: {error.strerror}", "record somewhere else")
