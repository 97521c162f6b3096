"""The live view in a real terminal: resizes, Ctrl-Z, Ctrl-C, signals, and noise on stderr."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from tests.support.tmux import HAS_TMUX, Tmux

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")


@pytest.fixture
def tmux(request: pytest.FixtureRequest) -> Iterator[Tmux]:
    columns, rows = getattr(request, "param", (80, 24))
    # Not tmp_path: the path of a socket has to be short.
    with tempfile.TemporaryDirectory(prefix="catagent-") as folder:
        terminal = Tmux(Path(folder) / "tmux", columns, rows)
        yield terminal
        terminal.close()


def found(text: str) -> list[str]:
    return re.findall(r"t\dx\d+", text)


def has_written(tmux: Tmux, number: int) -> bool:
    return len(found(tmux.text())) >= number


def expected(number: int) -> list[str]:
    return [f"t{n}x{index}" for n in range(4) for index in range(number)]


@pytest.mark.parametrize("tmux", [(80, 24), (40, 10), (200, 50)], indirect=True)
def test_resizes_in_mid_stream_leave_every_token_exactly_once(tmux: Tmux) -> None:
    tmux.drive("parallel", "--tokens", "60", "--pace", "0.008")
    for size in [(50, 12), (120, 40), (33, 9), (80, 24)]:
        tmux.until(partial(has_written, tmux, len(found(tmux.text())) + 10))
        tmux.resize(*size)
    tmux.shows("the-end")
    assert found(tmux.text()) == expected(60)
    assert tmux.text().count("done in") == 1
    assert "is writing" not in tmux.text()
    assert tmux.echoes()
    assert tmux.cursor_is_on()


def test_what_is_shown_of_long_texts_is_in_the_scrollback_once(tmux: Tmux) -> None:
    """While they stream, the newest rows are on the screen, and a resize changes nothing."""
    tmux.drive("big", "--tokens", "120", "--pace", "0.005", "--fold", "9")
    for size in [(40, 12), (120, 40), (80, 24)]:
        tmux.until(lambda: "t1x" in tmux.screen().rpartition("more lines")[2])
        tmux.resize(*size)
    tmux.shows("the-end")
    ends = [[*range(first), 117, 118, 119] for first in (5, 6, 6)]
    assert found(tmux.text()) == [f"t{n}x{index}" for n in range(3) for index in ends[n]]
    assert re.findall(r"… (\d+) more lines", tmux.text()) == ["112", "111", "111"]


def test_quick_resizes_keep_the_footer_out_of_the_scrollback(tmux: Tmux) -> None:
    tmux.drive("parallel", "--tokens", "150", "--pace", "0.004")
    tmux.shows("t0x5")
    heights = cycle([5, 24])

    def ends_while_resized() -> bool:
        tmux.resize(80, next(heights))
        time.sleep(0.1)
        return "the-end" in tmux.text()

    tmux.until(ends_while_resized)
    assert found(tmux.text()) == expected(150)


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(tmux: Tmux) -> None:
    tmux.drive("parallel", "--tokens", "60", "--pace", "0.008")
    tmux.shows("t0x20")
    assert not tmux.echoes()
    tmux.press("C-z")
    tmux.until(tmux.echoes)
    assert tmux.cursor_is_on()
    tmux.type("echo in-$((40 + 2))-between")
    tmux.shows("in-42-between")
    tmux.type("fg")
    tmux.until(lambda: not tmux.echoes())
    tmux.shows("the-end")
    assert found(tmux.text()) == expected(60)
    assert tmux.echoes()


def test_a_run_in_the_background_leaves_the_screen_alone_until_it_is_over(tmux: Tmux) -> None:
    tmux.drive("parallel", "--tokens", "30", "--pace", "0.02")
    tmux.shows("t0x5")
    tmux.press("C-z")
    tmux.until(tmux.echoes)
    tmux.type("bg")
    tmux.type("echo still-$((40 + 2))-mine")
    tmux.shows("still-42-mine", "the-end")
    assert found(tmux.text()) == expected(30)


def test_a_wrapper_that_takes_us_out_of_the_foreground_does_not_take_the_view(tmux: Tmux) -> None:
    """`timeout` runs its command in a process group of its own."""
    tmux.drive("parallel", "--tokens", "60", before="timeout 60")
    tmux.shows("t0x5", "is writing")
    assert not tmux.echoes()
    tmux.shows("the-end")
    assert found(tmux.text()) == expected(60)
    assert tmux.echoes()


def test_ctrl_c_restores_the_terminal(tmux: Tmux) -> None:
    tmux.drive("parallel", "--tokens", "500")
    tmux.shows("t0x10")
    tmux.press("C-c")
    tmux.shows("KeyboardInterrupt")
    tmux.until(tmux.echoes)
    assert tmux.cursor_is_on()
    assert "╰─ ✗ did not finish" in tmux.text()


def send(tmux: Tmux, signal: str) -> None:
    """Send a signal to the program in the terminal, and to no other."""
    here = ["-t", tmux.tty.removeprefix("/dev/"), "-f", "tests.terminal.drive"]
    subprocess.run(["pkill", f"-{signal}", *here], check=True)


@pytest.mark.parametrize("signal", ["TERM", "HUP", "QUIT"])
def test_a_signal_restores_the_terminal(tmux: Tmux, signal: str) -> None:
    tmux.drive("parallel", "--tokens", "500")
    tmux.shows("t0x10")
    send(tmux, signal)
    tmux.until(tmux.echoes)
    tmux.until(tmux.cursor_is_on)
    tmux.type("echo back-$((40 + 2))")
    tmux.shows("back-42")
    assert "is writing" not in tmux.screen()


def test_fg_after_sigstop_takes_the_terminal_again(tmux: Tmux) -> None:
    tmux.drive("parallel", "--tokens", "60", "--pace", "0.008")
    tmux.shows("t0x20")
    send(tmux, "STOP")
    tmux.shows("$ ", "topped")
    tmux.type("stty echo; echo in-$((40 + 2))-between")
    tmux.shows("in-42-between")
    tmux.type("fg")
    tmux.until(lambda: not tmux.echoes())
    tmux.shows("the-end")
    assert [token for token in expected(60) if token not in found(tmux.text())] == []
    assert tmux.echoes()


def test_captured_stderr_is_neither_lost_nor_tears_the_picture(tmux: Tmux) -> None:
    tmux.drive("parallel", "--tokens", "40", "--pace", "0.004", "--noise")
    tmux.shows("the-end")
    assert re.findall(r"^(?:│ )?» noise(\d+)$", tmux.text(), re.M) == [
        str(n) for n in range(0, 190, 10)
    ]
    assert found(tmux.text()) == expected(40)


def test_calls_at_once_have_a_row_each_which_leaves_nothing_behind(tmux: Tmux) -> None:
    row = r'╷ get_items\(place="place \d"\) · \d+ s · \d+ tokens? out · .*t\dx\d'
    tmux.drive("parallel", "--tokens", "40")
    tmux.until(lambda: len(re.findall(row, tmux.screen())) == 3)
    assert " · 4 running · " in tmux.screen()
    tmux.shows("the-end")
    assert "╷" not in tmux.text()
    assert found(tmux.text()) == expected(40)


def test_what_is_typed_meanwhile_stays_out_of_the_picture_and_goes_to_the_shell(
    tmux: Tmux,
) -> None:
    tmux.drive("parallel", "--tokens", "40")
    tmux.shows("t0x5")
    tmux.type("echo typed ahead")
    tmux.shows("$ typed ahead")
    assert "typed" not in tmux.text().partition("the-end")[0]


@pytest.mark.parametrize("tmux", [(80, 24), (40, 12)], indirect=True)
def test_a_pause_and_several_runs_at_once_leave_a_whole_picture(tmux: Tmux) -> None:
    tmux.drive("paused")
    tmux.shows("the-end")
    assert tmux.text().count("‖ waiting for an answer after") == 1
    tmux.drive("several", "--tokens", "20", "--pace", "0.004")
    tmux.until(lambda: tmux.text().count("the-end") == 2)
    for run in ("one", "two"):
        assert re.findall(rf"\b{run}\d+", tmux.text()) == [f"{run}{number}" for number in range(20)]
    assert tmux.text().count("✓ done in") == 2
