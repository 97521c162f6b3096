"""`catagent watch -- COMMAND` in a real terminal: the program has it, and the view stands below."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tmux import HAS_TMUX, Tmux

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")

# Rows that a terminal would show, and how: a bar that is redrawn, colours over several lines,
# a line that is longer than the screen is wide, both streams in turns, an end without a newline.
PRINTS = r"""
import pathlib, sys, time
for part in range(0, 101, 20):
    print(f"\rbar {part:3} %", end="", flush=True)
    while part == 40 and not pathlib.Path(__file__).with_name("go").exists():
        time.sleep(0.01)
print("\n\x1b[31mred\nstill red\x1b[0m\tafter a tab")
print("long-" * 50 + "end")
for turn in range(5):
    print("out", turn, flush=True)
    print("err", turn, file=sys.stderr, flush=True)
print("no newline", end="")
"""
WAITS = "import time\nprint('ready', flush=True)\ntime.sleep(60)"
ASKS = "name = input('your name? ')\nprint('hello', name)\nprint('and', input('more? '))"
KEYS = """
import os, termios, tty
before = termios.tcgetattr(0)
tty.setcbreak(0)
os.write(1, b"press a key")
key = os.read(0, 1)
termios.tcsetattr(0, termios.TCSANOW, before)
print("\\nkey", key)
print("then", input("a line? "))
"""
ALTERNATE = """
import os
os.write(1, b"before\\n\\x1b[?1049h\\x1b[H\\x1b[2J\\x1b[5;10Hin the middle")
input()
os.write(1, b"\\x1b[?1049l")
print("after", flush=True)
input("last? ")
"""
SIZES = """
import os, signal
def show(*_): print("size", *os.get_terminal_size(), flush=True)
signal.signal(signal.SIGWINCH, show)
show()
input()
"""
TRAP = """
import signal, sys, time
def trap(*_): sys.exit(9)
signal.signal(signal.SIGINT, trap)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with tempfile.TemporaryDirectory(prefix="catagent-") as folder:
        terminal = Tmux(Path(folder) / "tmux", 80, 24)
        terminal.type(f"export CATAGENT_HOME={tmp_path} XDG_RUNTIME_DIR={tmp_path} HISTFILE=")
        terminal.shows("HISTFILE=")
        terminal.type("clear")
        terminal.until(lambda: terminal.screen().strip() == "$")
        yield terminal
        terminal.close()


def watch(tmux: Tmux, folder: Path, script: str, after: str = "", before: str = "") -> None:
    """Watch a Python script, and print the exit code at the end."""
    (folder / "program.py").write_text(script)
    python = shlex.quote(sys.executable)
    then = "" if after == "&" else ";"
    watching = f"{python} -m catagent watch -- {python} {folder}/program.py"
    tmux.type(f'{before} {watching} {after}{then} echo "code"=$?')


def ends(tmux: Tmux, code: int) -> str:
    """Wait for this exit code; return what the program and the view have left on the screen."""
    tmux.shows(f"code={code}")
    assert tmux.echoes()
    assert tmux.cursor_is_on()
    shown = tmux.text().partition('"code"=$?\n')[2]
    shown = re.sub("catagent: the program ran;.*\n(    .*\n)*", "", shown)
    return re.sub(" +$", "", shown, flags=re.MULTILINE).rstrip("$\n")


def test_what_a_program_prints_is_kept_whole_and_in_order(tmux: Tmux, tmp_path: Path) -> None:
    watch(tmux, tmp_path, PRINTS)
    tmux.shows("bar  40 %")
    (tmp_path / "go").touch()
    rows = ends(tmux, 0).splitlines()
    turns = [f"{name} {turn}" for turn in range(5) for name in ("out", "err")]
    long = "long-" * 50 + "end"
    assert rows[:4] == ["bar 100 %", "red", "still red       after a tab", long]
    assert rows[4:16] == [*turns, "no newline", "code=0"]
    # tmux says where a colour begins and ends, not each row's.
    assert re.search(r"\x1b\[31mred\nstill red\x1b\[(39)?m", tmux.colors())


def test_a_prompt_is_seen_and_what_is_typed_is_echoed_and_edited(
    tmux: Tmux, tmp_path: Path
) -> None:
    watch(tmux, tmp_path, ASKS)
    tmux.shows("your name?", "no run yet")
    assert tmux.cursor_is_on()
    tmux.press("b")
    tmux.press("x")
    tmux.shows("your name? bx")
    tmux.press("BSpace")
    tmux.type("ob")
    tmux.shows("hello bob", "more?")
    tmux.press("C-d")
    text = ends(tmux, 1)
    assert text.startswith("your name? bob\nhello bob\nmore? Traceback")
    assert "no run yet" not in text


def test_while_a_program_reads_single_keys_the_view_stands_back(tmux: Tmux, tmp_path: Path) -> None:
    watch(tmux, tmp_path, KEYS)
    tmux.shows("press a key")
    tmux.until(lambda: "no run yet" not in tmux.screen())
    tmux.press("k")
    tmux.shows("key b'k'", "a line?", "no run yet")
    tmux.type("x")
    assert ends(tmux, 0) == "press a key\nkey b'k'\na line? x\nthen x\ncode=0"


def test_a_program_that_takes_the_whole_screen_has_it(tmux: Tmux, tmp_path: Path) -> None:
    watch(tmux, tmp_path, ALTERNATE)
    tmux.until(lambda: tmux.screen().rstrip("\n") == "\n" * 4 + " " * 9 + "in the middle")
    tmux.press("Enter")
    tmux.shows("before", "after", "last?", "no run yet")
    tmux.press("Enter")
    assert "before\nafter\nlast?\ncode=0" in ends(tmux, 0)


def test_a_program_sees_the_size_of_the_terminal_and_that_it_changes(
    tmux: Tmux, tmp_path: Path
) -> None:
    watch(tmux, tmp_path, SIZES)
    tmux.shows("size 80 24")
    tmux.resize(60, 20)
    tmux.shows("size 60 20")
    tmux.press("Enter")
    ends(tmux, 0)


@pytest.mark.parametrize(("script", "code"), [(TRAP, 9), (WAITS, 130)])
def test_ctrl_c_is_the_programs_and_so_is_the_exit_code(
    tmux: Tmux, tmp_path: Path, script: str, code: int
) -> None:
    watch(
        tmux,
        tmp_path,
        script if code == 9 else f"import signal\nsignal.signal(2, signal.SIG_DFL)\n{script}",
    )
    tmux.shows("ready", "no run yet")
    tmux.press("C-c")
    ends(tmux, code)


def test_ctrl_z_stops_both_and_fg_continues_both(tmux: Tmux, tmp_path: Path) -> None:
    watch(tmux, tmp_path, "print('ready')\nprint('got', input('go on? '))")
    tmux.shows("go on?", "no run yet")
    tmux.press("C-z")
    tmux.until(tmux.echoes)
    tmux.type("echo in-$((40 + 2))-between")
    tmux.shows("in-42-between")
    assert "no run yet" not in tmux.screen()
    tmux.type("fg")
    tmux.shows("no run yet")
    tmux.type("yes")
    tmux.shows("got yes")
    tmux.until(tmux.echoes)


def test_stdin_from_a_pipe_and_stderr_to_a_file_stay_what_they_are(
    tmux: Tmux, tmp_path: Path
) -> None:
    script = "import sys\nprint(sys.stdin.read(), [s.isatty() for s in (sys.stdin, sys.stdout)])"
    script += "\nprint('aside', file=sys.stderr)"
    watch(tmux, tmp_path, script, after=f"2> {tmp_path}/err", before="printf some |")
    assert ends(tmux, 0).startswith("some [False, True]\ncode=0")
    assert (tmp_path / "err").read_text().startswith("aside\n")


def test_with_stdout_in_a_pipe_the_terminal_is_the_programs_alone(
    tmux: Tmux, tmp_path: Path
) -> None:
    watch(tmux, tmp_path, WAITS, after="| cat")
    tmux.shows("ready")
    tmux.press("C-c")
    tmux.shows("KeyboardInterrupt", "catagent: the program ran")
    assert tmux.text().count("KeyboardInterrupt") == 1


def test_more_lines_than_a_screen_holds_come_whole(tmux: Tmux, tmp_path: Path) -> None:
    watch(tmux, tmp_path, "for n in range(20_000): print('row', n)")
    rows = ends(tmux, 0).splitlines()
    assert rows[:20_000] == [f"row {n}" for n in range(20_000)]


def test_runs_are_shown_below_what_the_program_prints_and_its_prompt_has_the_cursor(
    tmux: Tmux, tmp_path: Path
) -> None:
    script = """
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
model = GenericFakeChatModel(messages=iter([AIMessage("All cats are grey.")] * 2), name="grey")
for question in ("first?", "second?"):
    print("asking", question)
    for chunk in model.stream(question):
        pass
    input("more? ")
"""
    watch(tmux, tmp_path, script)
    tmux.shows("first?", "All cats are grey.", "done in", "more?")
    assert tmux.cursor_is_on()
    tmux.press("Enter")
    tmux.until(lambda: tmux.text().count("done in") == 2)
    tmux.press("Enter")
    rows = ends(tmux, 0).splitlines()
    assert [rows.count(row) for row in ("asking first?", "asking second?", "more?")] == [1, 1, 2]
    assert rows.count("All cats are grey.") == 2
    assert rows[-1] == "code=0"


def test_a_viewer_that_is_to_end_ends_the_program_and_gives_the_terminal_back(
    tmux: Tmux, tmp_path: Path
) -> None:
    watch(tmux, tmp_path, WAITS, before=f"sh -c 'echo $$ > {tmp_path}/pid; exec \"$@\"' sh")
    tmux.shows("ready", "no run yet")
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
    assert ends(tmux, 143) == "ready\ncode=143"


def test_in_the_background_what_a_program_prints_is_seen(tmux: Tmux, tmp_path: Path) -> None:
    watch(tmux, tmp_path, "import time\ntime.sleep(1)\nprint('from behind')", after="&")
    tmux.shows("from behind", "catagent: the program ran")
    assert "no run yet" not in tmux.text()
    assert tmux.echoes()
