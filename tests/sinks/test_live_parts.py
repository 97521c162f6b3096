"""The painter and the tap on their own: one write per frame, and no output lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.sinks import painter as painter_module
from catagent.sinks.capture import LineCutter, Tap
from catagent.sinks.live import LiveSink
from catagent.sinks.painter import Painter
from catagent.views.options import ViewOptions
from tests.support.screen import Screen


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_a_frame_is_one_write_and_an_unchanged_frame_none(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    write = os.write

    class Counted:
        @staticmethod
        def write(fd: int, data: memoryview) -> int:
            writes.append(len(data))
            return write(fd, data)

    monkeypatch.setattr(painter_module, "os", Counted)
    painter = Painter(pipe[1])
    painter.frame(["final"], ["footer", "status"])
    painter.frame([], ["footer", "status"])
    painter.frame([], ["footer", "status 2"])
    painter.frame(["more"], ["footer", "status 2"])
    assert len(writes) == painter.frames == 3


def test_the_painter_rewrites_only_rows_that_changed(pipe: tuple[int, int]) -> None:
    painter = Painter(pipe[1])
    painter.frame([], ["one", "two", "three"])
    os.read(pipe[0], 1000)
    painter.frame([], ["one", "TWO", "three"])
    changed = os.read(pipe[0], 1000)
    assert b"TWO" in changed
    assert b"one" not in changed
    assert b"three" not in changed


def test_a_footer_taller_than_the_screen_stays_out_of_the_scrollback() -> None:
    """A resize that nobody has told us of yet."""
    screen = Screen(80, 5)
    painter = Painter(screen.fd)
    for number in range(3):
        painter.frame([f"final {number}"], [f"footer {number} {row}" for row in range(8)])
        painter.frame([], [f"changed {number} {row}" for row in range(8)])
    painter.finish(["the end"])
    screen.until(lambda: "the end" in screen.text())
    shown = [row for row in screen.rows() if row]
    screen.close()
    assert shown == ["final 0", "final 1", "final 2", "the end"]


def test_the_painter_erases_nothing_that_it_never_drew(pipe: tuple[int, int]) -> None:
    painter = Painter(pipe[1])
    painter.finish([])
    painter.finish(["row"])
    assert os.read(pipe[0], 1000) == b"row\r\n"


def test_the_tap_collects_lines_and_gives_the_descriptor_back(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    lines: list[str] = []
    tap = Tap([writer], lines.append)
    os.write(writer, b"one\n\xff\xfe two\n 10%\r 50%\r100%\r\nthe last, without an end")
    tap.close()
    assert lines == ["one", "\ufffd\ufffd two", "100%", "the last, without an end"]
    os.write(writer, b"directly")
    assert os.read(reader, 100) == b"directly"


@given(st.lists(st.text("ab\r\n", max_size=6)))
def test_captured_lines_do_not_depend_on_how_they_are_cut(pieces: list[str]) -> None:
    def cut(*pieces: str) -> tuple[list[str], list[str]]:
        cutter = LineCutter()
        lines = [line for piece in pieces for line in cutter.feed(piece.encode())]
        return lines, cutter.feed(b"\n")

    assert cut(*pieces) == cut("".join(pieces))


def test_a_captured_progress_bar_takes_no_memory() -> None:
    cutter = LineCutter()
    for percent in range(10_000):
        assert cutter.feed(b"%6d done\r" % percent) == []
        assert len(cutter.partial) < 20
    assert cutter.feed(b"\n") == ["  9999 done"]


def test_a_captured_line_without_an_end_comes_in_parts() -> None:
    cutter = LineCutter()
    lines = []
    for _ in range(1_000):
        lines += cutter.feed(b"x" * 999)
        assert len(cutter.partial) <= 1 << 16
    lines += cutter.feed(b"\n")
    assert "".join(lines) == "x" * 999_000
    assert 10 < len(lines) < 20


def test_writing_into_the_tap_never_waits(pipe: tuple[int, int]) -> None:
    """More than a pipe holds, while nothing takes the lines."""
    lines: list[str] = []
    tap = Tap([pipe[1]], lines.append)
    for _ in range(5_000):
        os.write(pipe[1], b"x" * 79 + b"\n")
    tap.close()
    assert len(lines) == 5_000


def test_the_first_frame_waits_for_neither_rich_nor_langchain() -> None:
    code = (
        "import os, sys; from catagent.sinks.live import LiveSink;"
        "from catagent.views.options import ViewOptions;"
        "sink = LiveSink(ViewOptions(), os.open(os.devnull, os.O_WRONLY)); sink.start();"
        "print(sorted({'rich', 'langchain_core', 'pygments', 'asyncio'} & set(sys.modules)));"
        "sink.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_hundred_sinks_leave_nothing_open() -> None:
    screen = Screen()
    counts = []
    for _ in range(100):
        sink = LiveSink(ViewOptions(), screen.fd)
        sink.start()
        sink.close()
        counts.append((len(list(Path("/dev/fd").iterdir())), threading.active_count()))
    assert counts[0] == counts[-1]
    screen.close()
