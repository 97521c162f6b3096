"""Keeps stdout for the sinks alone: what a tool or a library prints meanwhile goes to stderr."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO


@contextlib.contextmanager
def reserved(stdout: Any) -> Iterator[TextIO]:
    """Yield a stream on what `sys.stdout` is open on; its descriptor is stderr's until the end.

    A person's tool may print, start a child that does, or load native code that does: on the
    same descriptor that would tear the lines that a program reads.
    """
    stdout.flush()
    descriptor, before = stdout.fileno(), stdout.line_buffering
    # Without a locale Python thinks in ASCII; a model does not, and a `?` is better than an error.
    own = os.fdopen(
        os.dup(descriptor), "w", encoding=stdout.encoding, errors="replace", newline="\n"
    )
    try:
        _point_at_stderr(descriptor)
        stdout.reconfigure(line_buffering=True)  # what is printed is seen when it is printed
        yield own
    finally:
        with contextlib.suppress(OSError):
            stdout.flush()
        stdout.reconfigure(line_buffering=before)
        os.dup2(own.fileno(), descriptor)
        with contextlib.suppress(OSError):  # its writer has had this error already
            own.close()


def _point_at_stderr(descriptor: int) -> None:
    try:
        os.dup2(sys.stderr.fileno(), descriptor)
    except (OSError, ValueError, AttributeError):  # no stderr at all
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
