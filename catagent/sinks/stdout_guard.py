"""Keeps stdout for the sinks alone: what a tool or a library prints meanwhile goes to stderr."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def reserved(stdout: TextIO) -> Iterator[TextIO]:
    """Yield a stream on what `stdout` is open on; its descriptor is stderr's until the end.

    A person's tool may print, start a child that does, or load native code that does: on the
    same descriptor that would tear the lines that a program reads.
    """
    stdout.flush()
    descriptor = stdout.fileno()
    # Without a locale Python thinks in ASCII; a model does not, and a `?` is better than an error.
    own = os.fdopen(
        os.dup(descriptor), "w", encoding=stdout.encoding, errors="replace", newline="\n"
    )
    try:
        _point_at_stderr(descriptor)
        with _by_the_line(stdout):
            yield own
    finally:
        os.dup2(own.fileno(), descriptor)
        with contextlib.suppress(OSError):  # its writer has had this error already
            own.close()


@contextlib.contextmanager
def _by_the_line(stream: TextIO) -> Iterator[None]:
    """What is printed is seen when it is printed, and all of it before the descriptor is ours."""
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    before = stream.line_buffering
    stream.reconfigure(line_buffering=True)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            stream.flush()
        stream.reconfigure(line_buffering=before)


def _point_at_stderr(descriptor: int) -> None:
    try:
        os.dup2(sys.stderr.fileno(), descriptor)
    except (OSError, ValueError, AttributeError):  # no stderr at all
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
