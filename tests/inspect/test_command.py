"""`catagent inspect` and `--inspect` at a real terminal, which is whole whatever ends them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catagent.cli.inspecting import _settled
from catagent.events.types import Event, Unknown
from catagent.inspect.keys import HELP
from tests.support.cli import COMMAND, catagent, environment, on_terminal
from tests.support.scripts import cat
from tests.support.shell import Shell
from tests.support.shell import shell as opened
from tests.support.tmux import HAS_TMUX
from tests.support.waiting import wait_until

DOCUMENT = Path(__file__).parents[2].joinpath("docs/inspect.md").read_text(encoding="utf-8")
FIXTURES = Path(__file__).parents[1] / "fixtures/v1"
needs_tmux = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")
# A program that reads its terminal, says something in colour, and fails in its own way.
PROGRAM = """
import sys
import time
from langchain_core.runnables import RunnableLambda
print("read", sys.stdin.read().encode(), flush=True)
RunnableLambda(lambda given: given, name="seen").invoke({"input": "where?"})
print("\\x1b[31mred\\x1b[0m", end="", file=sys.stderr, flush=True)
sys.exit(7)
"""

STUCK = """
import os, pathlib, signal, sys, time
from langchain_core.runnables import RunnableLambda
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
RunnableLambda(lambda given: time.sleep(60), name="stuck").invoke({"input": "where?"})
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path, cat(tokens=200, pace=0.02)) as found:
        yield found


def processes(home: Path) -> dict[bool, int]:
    """The processes of `--inspect`: what shows the run (False), and what runs it (True)."""
    listed = subprocess.run(
        ["ps", "-axwwo", "pid=,pgid=,command="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    ours = [row.split()[:2] for row in listed if f"catagent ask where {home}" in row]
    return {pid == group: int(pid) for pid, group in ours}


def status(home: Path) -> str:
    """How the last run that was kept has ended."""
    kept = catagent("runs", "--json", "--limit", "1", env=environment(home)).stdout
    return str(json.loads(kept)["status"])


@needs_tmux
def test_inspect_leaves_the_terminal_as_it_was(shell: Shell) -> None:
    shell.start(f"inspect {FIXTURES}/events.jsonl")
    shell.tmux.shows("get_items", "ended")
    shell.tmux.press("q")
    assert shell.ends() == []


@needs_tmux
def test_inspect_says_damage_and_shows_what_was_before_it(shell: Shell, tmp_path: Path) -> None:
    cut = (FIXTURES / "events.jsonl").read_bytes()[:-100]
    (tmp_path / "cut").write_bytes(cut)
    shell.start(f"inspect - <{tmp_path}/cut 2>{tmp_path}/said")
    shell.tmux.shows("get_items", "damaged")
    shell.tmux.press("q")
    assert shell.ends(1) == []
    assert "damaged at line" in (tmp_path / "said").read_text()


@needs_tmux
def test_leaving_stops_a_run_as_ctrl_c_does(shell: Shell, tmp_path: Path) -> None:
    shell.start("ask where? --inspect")
    shell.tmux.shows("get_items", "live")
    shell.tmux.press("q")
    (again,) = shell.ends(130)
    assert again.startswith("catagent: catagent inspect ")
    assert status(tmp_path) == "cancelled"


@needs_tmux
def test_a_run_that_waits_says_how_it_goes_on(shell: Shell) -> None:
    shell.start("ask where? --inspect --break where_cat_is_hiding")
    shell.tmux.shows("ended")
    shell.tmux.press("q")
    said = "\n".join(shell.ends(5))
    assert "waits for an answer: before where_cat_is_hiding" in said
    assert "hint: catagent resume" in said


@needs_tmux
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, 137)]
)
def test_what_shows_a_run_may_be_ended_and_the_run_ends_with_it(
    shell: Shell, tmp_path: Path, number: int, code: int
) -> None:
    shell.start(f"ask where {tmp_path} --inspect")
    shell.tmux.shows("get_items", "live")
    os.kill(processes(tmp_path)[False], number)
    shell.tmux.shows(f"code={code}")
    wait_until(lambda: not processes(tmp_path))
    assert status(tmp_path) == "cancelled"
    if number != signal.SIGKILL:  # after which nobody can
        shell.ends(code)


@needs_tmux
def test_a_run_that_is_killed_is_shown_up_to_that(shell: Shell, tmp_path: Path) -> None:
    shell.start(f"ask where {tmp_path} --inspect")
    shell.tmux.shows("get_items", "live")
    os.kill(processes(tmp_path)[True], signal.SIGKILL)
    shell.tmux.shows("get_items", "killed by SIGKILL")
    shell.tmux.press("q")
    assert "was killed by SIGKILL" in shell.ends(137)[0]


@needs_tmux
def test_a_program_keeps_its_exit_code_and_what_it_says_comes_at_the_end(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    shell.start(f"watch --inspect -- {sys.executable} {tmp_path}/program.py")
    shell.tmux.shows("seen", "ended")
    shell.tmux.press("q")
    assert shell.ends(7)[:2] == ["read b''", "red"]


@needs_tmux
def test_a_program_that_does_not_stop_is_waited_for_aloud(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(STUCK)
    shell.start(f"watch --inspect -- {sys.executable} {tmp_path}/program.py {tmp_path}/pid")
    shell.tmux.shows("stuck", "live")
    shell.tmux.press("q")
    shell.tmux.shows("waits for the run to stop")
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    shell.ends(137)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("ask where? --inspect -q", "--quiet has no part in --inspect"),
        ("ask where? --inspect -o plain", "--output has no part in --inspect"),
        ("ask where? --inspect --exclude-tags a", "--exclude-tags has no part in --inspect"),
        ("ask where? --inspect --max-cost 1 --model anthropic:foo", "no price"),
        ("watch --inspect", "--inspect is for a program"),
        ("watch --inspect -- no-such-program", "command not found"),
        ("inspect no-such-run", "no recording at no-such-run"),
    ],
)
def test_a_mistake_is_said_on_the_screen_as_it_was(
    tmp_path: Path, arguments: str, says: str
) -> None:
    code, shown = on_terminal(*arguments.split(), env=environment(tmp_path))
    assert says in " ".join(shown.split())
    assert "\x1b[?1049h" not in shown
    assert code == (127 if "command" in says else 1 if "recording" in says else 2)


def test_the_commands_of_the_document_want_a_terminal_and_nothing_else(tmp_path: Path) -> None:
    for line in re.findall(r"^catagent (.*)", DOCUMENT, re.MULTILINE):
        done = catagent(*shlex.split(line, comments=True), env=environment(tmp_path))
        assert (done.returncode, done.stdout) == (2, "")
        assert "needs a terminal\n  hint: elsewhere: catagent show" in done.stderr


def test_the_document_has_every_key() -> None:
    table = DOCUMENT.partition("| keys |")[2].partition("## ")[0]
    keys = {key for row in HELP for key in row[:11].split() if len(key) == 1}
    assert {key for key in keys if f"`{key}" not in table} <= set("jklfz")


def test_a_slow_recording_leaves_time_for_keys() -> None:
    def slow() -> Iterator[Event]:
        for _ in range(12):
            time.sleep(0.01)
            yield Unknown(fields={})

    async def taken() -> list[int]:
        return [len(batch) async for batch in _settled(slow(), [])]

    assert max(asyncio.run(taken())) <= 8


def test_the_inspector_leaves_where_its_terminal_is_gone(tmp_path: Path) -> None:
    """It is told so by SIGHUP, but where that is ignored, or of another session."""
    ours, theirs = os.openpty()
    command = [*COMMAND, "inspect", str(FIXTURES / "events.jsonl")]
    process = subprocess.Popen(
        command,
        env={"TERM": "xterm-256color", **environment(tmp_path)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"ended" not in shown:
        shown += os.read(ours, 1 << 16)
    os.close(ours)
    assert process.wait(10) == 129
