"""The live sink on a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catagent.events import types as ev
from catagent.sinks import live
from catagent.sinks.live import LiveSink, restore_terminal
from catagent.views.live import Frame, LiveView, Size
from catagent.views.options import ViewOptions
from tests.support import runs
from tests.support.screen import Screen

SIZES = [(80, 24), (40, 10), (200, 50)]
ALLOWED = re.compile(
    rb"\x1b(?:[78]|\[(?:[0-9;]*m|[0-9]*[AB]|C|[JK]|\?(?:2026|25|7)[hl]))|[\r\n]|[^\x00-\x1f\x7f]"
)


@contextmanager
def screen(columns: int = 80, rows: int = 24, *, read: bool = True) -> Iterator[Screen]:
    made = Screen(columns, rows, read=read)
    try:
        yield made
    finally:
        made.close()


def play(screen: Screen, events: list[ev.Event], options: ViewOptions | None = None) -> None:
    """Show a whole run and wait until the terminal has it."""
    sink = LiveSink(options or ViewOptions(color="16"), screen.fd)
    sink.start()
    for event in events:
        sink.write(event)
    sink.close()
    os.write(screen.fd, b"the-end\r\n")
    screen.until(lambda: b"the-end" in screen.bytes)


def parallel(number: int) -> list[ev.Event]:
    """Four tools at once, each token unique."""
    calls = [
        runs.tool(f"c{n}", "get_items", {"n": n}, runs.words(f"t{n}x", number)) for n in range(4)
    ]
    return [runs.started(), *runs.interleaved(*calls), runs.finished()]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("number", [1, 500])
def test_every_token_is_in_the_scrollback_exactly_once(size: tuple[int, int], number: int) -> None:
    with screen(*size) as terminal:
        play(terminal, parallel(number))
        expected = [f"t{n}x{index}" for n in range(4) for index in range(number)]
        assert re.findall(r"t\dx\d+", terminal.text()) == expected
        assert terminal.text().count("done in") == 1
        assert "starting" not in terminal.text()


def test_ten_thousand_tokens_reach_the_scrollback() -> None:
    with screen() as terminal:
        play(terminal, [runs.started(), *runs.tool("c", "t", {}, runs.words("w", 10_000))])
        assert re.findall(r"w\d+", terminal.text()) == [f"w{n}" for n in range(10_000)]


def test_the_first_frame_is_painted_when_start_returns() -> None:
    with screen() as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        sink.start()
        terminal.until(lambda: "starting" in terminal.text())
        sink.status("loading the model")
        terminal.until(lambda: "loading the model" in terminal.text())
        sink.close()
        terminal.until(lambda: terminal.text() == "")


def test_an_unchanged_frame_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catagent.views.footer.SPINS_PER_SECOND", 0)
    with screen() as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        sink.start()
        terminal.until(lambda: "starting" in terminal.text())
        frames = sink._painter.frames
        sink.status("starting")
        time.sleep(0.3)
        assert sink._painter.frames == frames
        sink.close()


def test_at_most_twelve_frames_a_second_are_painted() -> None:
    with screen() as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        sink.start()
        began = time.monotonic()
        for event in parallel(100):
            sink.write(event)
            time.sleep(0.002)
        frames = sink._painter.frames
        assert frames <= 12 * (time.monotonic() - began) + 2
        sink.close()


def test_echo_is_off_while_live_and_what_is_typed_is_left_to_the_shell() -> None:
    with screen() as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        assert terminal.echoes()
        sink.start()
        assert not terminal.echoes()
        os.write(terminal.master, b"make test\n")
        assert select.select([terminal.fd], [], [], 60)[0]
        sink.close()
        assert terminal.echoes()
        assert os.read(terminal.fd, 100) == b"make test\n"
        assert "make" not in terminal.text()


def test_closing_restores_the_cursor_and_wrapping() -> None:
    with screen() as terminal:
        play(terminal, runs.cat_run())
        tail = terminal.bytes[terminal.bytes.rindex(b"done in") :]
        assert b"\x1b[?25h" in tail
        assert b"\x1b[?7h" in tail
        assert terminal.bytes.count(b"\x1b[?2026h") == terminal.bytes.count(b"\x1b[?2026l") or (
            terminal.bytes.count(b"\x1b[?2026l") > terminal.bytes.count(b"\x1b[?2026h")
        )


def test_a_blocked_terminal_delays_frames_and_never_the_agent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "PATIENCE_S", 0.3)
    with screen(read=False) as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        sink.start()
        # The terminal takes nothing: whoever waited for it would wait for good.
        for event in parallel(5_000):
            sink.write(event)
        sink.close()
        assert sink._thread.is_alive()
        assert terminal.echoes()
        _drain(terminal, sink)


def _drain(terminal: Screen, sink: LiveSink) -> None:
    """Let the painter go, so that no thread outlives its test."""
    os.set_blocking(terminal.master, False)
    while sink._thread.is_alive():
        time.sleep(0.005)
        with suppress(BlockingIOError):
            os.read(terminal.master, 1 << 16)


def test_a_slow_terminal_gets_every_row_in_the_end() -> None:
    with screen(read=False) as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        sink.start()
        for event in parallel(2_000):
            sink.write(event)
        closing = threading.Thread(target=sink.close)
        closing.start()
        received = b""
        os.set_blocking(terminal.master, False)
        while b"done in" not in received:
            assert closing.is_alive() or received
            time.sleep(0.005)
            with suppress(BlockingIOError):
                received += os.read(terminal.master, 8192)
        closing.join()


def test_a_terminal_that_is_gone_is_no_error() -> None:
    terminal = Screen(read=False)
    sink = LiveSink(ViewOptions(), terminal.fd)
    sink.start()
    os.close(terminal.master)
    for event in runs.cat_run():
        sink.write(event)
    sink.close()
    os.close(terminal.fd)


def test_a_defect_in_the_view_does_not_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest goes on without a footer, and the end says so."""
    calls = 0
    frame = LiveView.frame

    def fail_at_the_third(view: LiveView, size: Size, now: float, status: str) -> Frame:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise RuntimeError("a defect")
        return frame(view, size, now, status)

    monkeypatch.setattr(LiveView, "frame", fail_at_the_third)
    with screen() as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        sink.start()
        for event in parallel(50):
            sink.write(event)
            time.sleep(0.002)
        sink.close()
        terminal.until(lambda: "the live view failed" in terminal.text().replace("\n", " "))
        found = set(re.findall(r"t\dx\d+", terminal.text()))
        assert found >= {f"t{n}x{index}" for n in range(4) for index in range(50)}
        assert terminal.echoes()


def test_restore_terminal_gives_everything_back_at_once() -> None:
    with screen() as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        sink.start()
        restore_terminal()
        assert terminal.echoes()
        terminal.until(lambda: terminal.bytes.endswith(b"\x1b[?25h\x1b[?2026l"))
        sink.close()


def test_status_only_leaves_nothing_behind() -> None:
    with screen() as terminal:
        play(terminal, runs.cat_run(), ViewOptions(status_only=True))
        assert terminal.text() == "the-end"


def test_the_status_is_gone_before_the_answer_is_written() -> None:
    """Whoever reads our stdout may write to the same terminal."""
    with screen() as terminal:
        sink = LiveSink(ViewOptions(status_only=True), terminal.fd)
        sink.start()
        sink.write(ev.Answer(data=ev.AnswerData(output="x")))
        os.write(terminal.fd, b"an answer, without a newline")
        sink.close()
        terminal.until(lambda: "newline" in terminal.text())
        assert terminal.text() == "an answer, without a newline"


def test_the_status_is_back_where_another_run_begins() -> None:
    """An answer is the end of its own run, and one run may not be the last of the stream."""
    with screen() as terminal:
        sink = LiveSink(ViewOptions(status_only=True), terminal.fd)
        sink.start()
        terminal.until(lambda: "starting" in terminal.text())
        for event in runs.of_run("run-a", runs.cat_run()):
            sink.write(event)
        terminal.until(lambda: terminal.text() == "")
        sink.write(runs.of_run("run-b", [runs.started()])[0])
        terminal.until(lambda: "waiting for the agent" in terminal.text())
        sink.close()
        terminal.until(lambda: terminal.text() == "")


def test_a_resize_keeps_the_picture_whole() -> None:
    """pyte does not reflow, so the emulator stays; tmux does the real thing."""
    with screen(80, 24) as terminal:
        sink = LiveSink(ViewOptions(), terminal.fd)
        sink.start()
        for number, event in enumerate(parallel(100)):
            sink.write(event)
            if number % 40 == 0:
                terminal.resize(30 + number % 50, 10 + number % 14)
            time.sleep(0.001)
        sink.close()
        terminal.until(lambda: "done in" in terminal.text())
        expected = [f"t{n}x{index}" for n in range(4) for index in range(100)]
        assert re.findall(r"t\dx\d+", terminal.text()) == expected


HOSTILE = st.text(
    st.sampled_from(
        [chr(code) for code in range(0xA0)] + list("\u202e\ud800\u200b[];m?hJ0123456789")
    )
    | st.characters(),
    min_size=1,
    max_size=30,
)


@given(st.lists(HOSTILE, min_size=1, max_size=8))
@settings(deadline=None, max_examples=80)
def test_only_whitelisted_sequences_leave_the_program(texts: list[str]) -> None:
    """Whatever comes as tokens, names, arguments, answers and errors, in whatever chunks."""
    one = texts[0]
    error = ev.ErrorInfo(kind="x", type=one, message=one, hint=one)
    events = [
        runs.started(one, agent=one, model=one),
        *runs.tool("c", one, {one: one}, texts, model_name=one),
        *runs.model("m", texts, name=one),
        *runs.model("r", texts, channel="reasoning"),
        *runs.decision("d", one, one, texts),
        ev.Answer(data=ev.AnswerData(output="".join(texts) + "!")),
        ev.Warned(data=ev.WarningData(code="c", message=one, hint=one)),
        ev.Node(name=one, data=ev.NodeData(kind="custom", phase="end", content=texts)),
        runs.finished(status="error", exit_code=1, error=error),
    ]
    reader, writer = os.pipe()
    sink = LiveSink(ViewOptions(color="16", verbose=True), writer)
    for event in events:
        sink.write(event)
        sink._tick()
    sink._finish()
    os.close(writer)
    os.close(sink.terminal.fd)
    with os.fdopen(reader, "rb") as stream:
        written = stream.read()
    assert ALLOWED.sub(b"", written) == b""
    written.decode()
