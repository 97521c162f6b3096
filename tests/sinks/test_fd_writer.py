"""Writing to a reader that is slow, has stopped reading, or has left."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from catagent.errors import ExitCode
from catagent.sinks.fd_writer import StalledError, writer
from catagent.stop import Stop

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, written = os.pipe()
    yield reader, written
    for descriptor in (reader, written):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_a_slow_reader_gets_every_byte(pipe: Pipe) -> None:
    reader, written = pipe
    data = os.urandom(1 << 20)
    thread = threading.Thread(target=writer(written), args=(data,))
    thread.start()
    got = b""
    while len(got) < len(data):
        got += os.read(reader, 10_000)
    thread.join()
    assert got == data


@pytest.mark.parametrize("how", ["asked", "time is up"])
def test_a_blocked_reader_delays_nobody_past_the_stop(pipe: Pipe, how: str) -> None:
    """While the writer waits, only the signal handler that asks for the end can run."""
    stop = Stop()
    write = writer(pipe[1], stop)
    if how == "asked":
        threading.Timer(0.1, stop.request, [ExitCode.TERMINATED]).start()
    else:
        stop.deadline = time.monotonic() + 0.1
    with pytest.raises(StalledError):
        write(b"x" * (1 << 20))
    write(b"more")  # lost, and nobody waits for it


def test_a_reader_that_left_is_reported_once(pipe: Pipe) -> None:
    os.close(pipe[0])
    write = writer(pipe[1])
    with pytest.raises(BrokenPipeError):
        write(b"x")
    write(b"x")
