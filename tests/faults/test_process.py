"""What can happen to the process: signals, closed pipes, tools that print or hang."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import catagent
from tests.faults import agents, checks
from tests.support.cli import COMMAND, PIPED, environment, lines, quiet
from tests.support.patience import prompt
from tests.support.replies import failing
from tests.support.scripts import cat
from tests.support.server import ScriptedServer
from tests.support.waiting import wait_until
from tests.support.warm import Done, Warm

QUESTION = "what items are located where the cat is hiding?"
MODES = ("steps", "log", "events")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
PROMPT_S = 2
ENDLESS = cat(tokens=100_000, pace=0.005)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(ENDLESS) as scripted:
        yield scripted


def await_tool(server: ScriptedServer, count: int = 4) -> None:
    """Return when the model inside get_items has been asked."""
    wait_until(lambda: len(server.requests) >= count)
    time.sleep(0.1)  # into the middle of its tokens


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("mode", MODES)
def test_a_signal_ends_a_run_at_once_and_hangs_up(
    warm: Warm, server: ScriptedServer, tmp_path: Path, mode: str, number: signal.Signals
) -> None:
    run = warm.spawn(["ask", QUESTION, "--mode", mode], quiet(tmp_path, server))
    await_tool(server)
    began = time.monotonic()
    run.send(number)
    done = run.wait()
    assert prompt(began, PROMPT_S)
    assert server.wait_closed()
    checks.assert_whole(done.events)
    last = done.events[-1]["data"]
    assert (last["status"], last["exit_code"], done.code) == ("cancelled", *[CODES[number]] * 2)
    assert done.err == b""
    checks.assert_nothing_left(run.pid)


@pytest.mark.parametrize("keys", [b"\x03", None])
@pytest.mark.parametrize("mode", MODES)
def test_ctrl_c_at_a_terminal_leaves_it_whole(
    warm: Warm, server: ScriptedServer, tmp_path: Path, mode: str, keys: bytes | None
) -> None:
    """By the key, as the terminal's driver sends it, or by a signal alone."""
    arguments = ["ask", QUESTION, "--mode", mode]
    run, modes = warm.open_terminal(arguments, quiet(tmp_path, server))
    await_tool(server)
    began = time.monotonic()
    if keys is None:
        run.send(signal.SIGINT)
    else:
        run.type(keys)
    done = run.wait()
    done.before = modes
    assert prompt(began, PROMPT_S)
    assert done.code == 130
    checks.assert_terminal_whole(done)
    assert b"cancelled" in done.out
    assert b"Traceback" not in done.out


def test_a_tool_that_hangs_in_a_thread_does_not_delay_ctrl_c(warm: Warm, tmp_path: Path) -> None:
    with ScriptedServer(cat(3)) as server:
        arguments = ["ask", QUESTION, "--agent", "tests.faults.agents:graph_hangs"]
        run = warm.spawn(arguments, quiet(tmp_path, server))
        run.wait_for(b'"type":"tool.started","v":1,"seq":3')
        began = time.monotonic()
        run.send(signal.SIGINT)
        done = run.wait()
    assert prompt(began, PROMPT_S)
    checks.assert_whole(done.events)
    assert done.code == 130


@pytest.mark.parametrize("how", ["SIGINT", "timeout"])
@pytest.mark.parametrize("agent", ["blocks", "clings"])
@pytest.mark.parametrize("mode", MODES)
def test_a_tool_that_cannot_be_cancelled_keeps_no_run_alive(
    warm: Warm, tmp_path: Path, mode: str, agent: str, how: str
) -> None:
    """One blocks the event loop, the other catches every cancellation and goes on."""
    limit = ["--timeout", "1.5"] if how == "timeout" else []
    arguments = ["ask", QUESTION, "--agent", f"tests.faults.agents:{agent}", "--mode", mode]
    with ScriptedServer(cat(3)) as server:
        run = warm.spawn([*arguments, *limit], quiet(tmp_path, server))
        began = time.monotonic()
        if how == "SIGINT":
            await_tool(server, 3)
            began = time.monotonic()
            run.send(signal.SIGINT)
        done = run.wait()
        assert server.wait_closed()
    assert prompt(began, 1.5 + PROMPT_S)
    assert done.code == (130 if how == "SIGINT" else 124)
    checks.assert_whole(done.events)
    assert done.events[-1]["data"]["exit_code"] == done.code
    assert b"Traceback" not in done.err
    checks.assert_nothing_left(run.pid)


@pytest.mark.parametrize("terminal", [False, True])
def test_ctrl_c_twice_leaves_at_once_whatever_goes_on(
    warm: Warm, tmp_path: Path, terminal: bool
) -> None:
    """Nothing can be cancelled while a tool blocks the event loop: the second signal leaves."""
    arguments = ["ask", QUESTION, "--agent", "tests.faults.agents:blocks"]
    with ScriptedServer(cat(3)) as server:
        env = quiet(tmp_path, server)
        if terminal:
            run, modes = warm.open_terminal(arguments, env)
        else:
            run, modes = warm.spawn(arguments, env), []
        await_tool(server, 3)
        run.send(signal.SIGINT)
        time.sleep(0.3)
        began = time.monotonic()
        run.send(signal.SIGINT)
        done = run.wait()
        assert prompt(began, PROMPT_S)
    done.before = modes
    assert (done.code, done.err) == (130, b"")
    if terminal:
        checks.assert_terminal_whole(done)


def test_a_terminal_that_is_closed_ends_the_run(
    warm: Warm, server: ScriptedServer, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    env = {"TERM": "xterm-256color", **quiet(tmp_path, server)}
    run = warm.start(["ask", QUESTION], env, descriptors=(theirs,) * 3, terminal=True)
    os.close(theirs)
    await_tool(server)
    os.read(ours, 1 << 16)
    os.close(ours)
    done = run.wait()
    assert done.code == 129
    assert server.wait_closed()
    checks.assert_nothing_left(run.pid)


@pytest.mark.parametrize("delay", [0.03, 0.06, 0.1, 0.15, 0.3, 0.6, 1.2])
def test_ctrl_c_while_it_starts_says_nothing(
    server: ScriptedServer, tmp_path: Path, delay: float
) -> None:
    """Wherever in its imports it is, a started program ends with 130 and no traceback."""
    env = quiet(tmp_path, server)
    env.pop("COVERAGE_PROCESS_CONFIG", None)  # coverage swallows a Ctrl-C while it starts
    with subprocess.Popen(
        [*COMMAND, "ask", QUESTION],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    # A frame of ours: Python names our folder also as it looks for what is in there.
    if process.returncode != 130 and f'File "{Path(catagent.__file__).parent}' not in err:
        pytest.skip("Python itself had not started yet")
    assert process.returncode == 130
    assert err == ""
    if out:
        checks.assert_whole([json.loads(line) for line in out.splitlines()])


INTERRUPTED_IN_AN_IMPORT = """
import signal, sys, weakref
from catagent.__main__ import main

class Finder:
    def find_spec(self, name, *_):
        if name == wanted:
            finder = Finder()
            gone = weakref.ref(finder, lambda _: signal.raise_signal(signal.SIGINT))
            del finder

wanted = sys.argv.pop(1)
sys.meta_path.insert(0, Finder())
main()
"""
INTERRUPTED_IN_A_RENAME = """
import signal, sys
from catagent.__main__ import main

sys.addaudithook(lambda name, _: name == "os.rename" and signal.raise_signal(signal.SIGINT))
main()
"""
RECORDING = str(Path(__file__).parents[1] / "fixtures/v1/events.jsonl")


def interrupted(code: str, *arguments: str, env: dict[str, str]) -> list[dict[str, Any]]:
    """The lines of a program that Ctrl-C ends, and nothing but that."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (130, "")
    return lines(done.stdout)


@pytest.mark.parametrize(
    ("module", "begun"),
    [
        ("catagent.cli.process", False),
        ("catagent.cli.run_request", False),
        ("catagent.sinks.jsonl", True),
        ("catagent.run.runner", True),
        ("catagent.views.stats", True),  # after the run
    ],
)
def test_ctrl_c_is_not_lost_where_exceptions_are_dropped(
    tmp_path: Path, module: str, begun: bool
) -> None:
    """Python drops what the callback of a weakref raises, as each import has one."""
    with ScriptedServer(cat(3)) as server:
        env = quiet(tmp_path, server)
        arguments = [module, "ask", QUESTION, *["--stats"] * module.endswith("stats")]
        events = interrupted(INTERRUPTED_IN_AN_IMPORT, *arguments, env=env)
    assert bool(events) == begun
    if begun:
        checks.assert_whole(events)


@pytest.mark.parametrize("module", ["catagent.sinks.jsonl", "catagent.run.playback"])
def test_ctrl_c_as_a_replay_starts_is_not_lost(tmp_path: Path, module: str) -> None:
    env = environment(tmp_path)
    assert not interrupted(INTERRUPTED_IN_AN_IMPORT, module, "replay", RECORDING, env=env)


def test_ctrl_c_leaves_no_file_half_made(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("before", encoding="utf-8")
    env = environment(tmp_path)
    interrupted(INTERRUPTED_IN_A_RENAME, "export", RECORDING, str(page), "--force", env=env)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(page.name, "before")]


@pytest.mark.parametrize("output", PIPED)
def test_text_printed_by_a_tool_is_in_no_output(warm: Warm, tmp_path: Path, output: str) -> None:
    """Printed, written to the descriptor, or by a child: it is on stderr, in that order."""
    arguments = ["ask", QUESTION, "--agent", "tests.faults.agents:graph_prints", "-o", output]
    with ScriptedServer(cat(3)) as server:
        done = warm.run(arguments, quiet(tmp_path, server))
    assert done.code == 0
    assert agents.PRINTED.encode() not in done.out
    assert done.err.decode().splitlines() == [
        agents.PRINTED,
        f"{agents.PRINTED} directly",
        f"{agents.PRINTED} from a child",
    ]


def test_a_reader_of_stderr_that_left_changes_nothing(warm: Warm, tmp_path: Path) -> None:
    """The exit code and the last event tell what the message would have."""
    with ScriptedServer(lambda _: failing(401)) as server:
        done = _with_stderr_closed(warm, ["ask", QUESTION, "--stats"], quiet(tmp_path, server))
    checks.assert_whole(done.events)
    assert done.code == 4


def _with_stderr_closed(warm: Warm, arguments: list[str], env: dict[str, str]) -> Done:
    read_end, write_end = os.pipe()
    os.close(read_end)
    out_end, out = os.pipe()
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        run = warm.start(arguments, env, descriptors=(nothing.fileno(), out, write_end))
    os.close(out)
    os.close(write_end)
    run.collect("out", out_end)
    return run.wait()


@pytest.mark.parametrize("output", [name for name in PIPED if name != "answer"])
@pytest.mark.parametrize("end", ["SIGTERM", "timeout"])
def test_a_reader_that_stops_reading_keeps_no_run_alive(
    warm: Warm, tmp_path: Path, output: str, end: str
) -> None:
    """The pipe is full and the event loop stands still: whoever asks for the end is heard.

    An answer alone fills no pipe.
    """
    recording = tmp_path / "run.jsonl"
    limit = ["--timeout", "2"] if end == "timeout" else []
    out_end, out = os.pipe()
    with ScriptedServer(cat(tokens=20_000)) as server, Path(os.devnull).open("r+b") as nothing:
        arguments = ["ask", QUESTION, "-o", output, "--record", str(recording), *limit]
        descriptors = (nothing.fileno(), out, nothing.fileno())
        run = warm.start(arguments, quiet(tmp_path, server), descriptors=descriptors)
        os.close(out)
        if end == "SIGTERM":
            await_tool(server)
            run.send(signal.SIGTERM)
        done = run.wait()
    os.close(out_end)
    assert done.code == (CODES[signal.SIGTERM] if end == "SIGTERM" else 124)
    last = json.loads(recording.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["type"], last["data"]["exit_code"]) == ("run.finished", done.code)


@pytest.mark.parametrize(
    ("agent", "mode"),
    [*(("silent_model", mode) for mode in MODES), ("stammering_model", "events")],
)
def test_a_silent_custom_model_is_noticed_in_every_mode(
    warm: Warm, tmp_path: Path, agent: str, mode: str
) -> None:
    """Not our ChatOpenAI, whose connection has a limit of its own."""
    env = environment(tmp_path, CATAGENT_HISTORY="false")
    arguments = ["ask", "?", "--agent", f"tests.faults.agents:{agent}", "--mode", mode]
    done = warm.run([*arguments, "--idle-timeout", "0.4"], env)
    assert done.code == 124
    assert "silent" in done.events[-1]["data"]["error"]["message"]


def test_a_factory_that_raises_stop_iteration_is_an_error(warm: Warm, tmp_path: Path) -> None:
    """asyncio refuses to carry that one out of a thread: the run hung."""
    env = environment(tmp_path, CATAGENT_HISTORY="false")
    done = warm.run(["ask", "?", "--agent", "tests.faults.agents:no_agent"], env)
    assert done.code == 1
    assert "StopIteration" in done.err.decode()


@pytest.mark.parametrize("mode", MODES)
def test_a_stream_that_is_left_open_says_nothing_at_exit(tmp_path: Path, mode: str) -> None:
    """It ends when the interpreter is torn down, and our modules with it."""
    agent = ["--agent", "tests.faults.agents:left_open", "--mode", mode]
    env = environment(tmp_path, CATAGENT_HISTORY="false")
    command = [*COMMAND, "ask", "?", *agent, "-o", "answer"]
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"t\n", b"")


@pytest.mark.parametrize("mode", MODES)
def test_what_runs_in_threads_of_an_agent_is_seen_where_it_belongs(
    warm: Warm, tmp_path: Path, mode: str
) -> None:
    env = environment(tmp_path, CATAGENT_HISTORY="false")
    done = warm.run(["ask", "?", "--agent", "tests.faults.agents:threads", "--mode", mode], env)
    assert done.code == 0
    checks.assert_whole(done.events)
    models = [event for event in done.events if event["type"] == "llm.finished"]
    places = ["executor", "thread", "pool", "pool again"]
    assert [(event["name"], event["call"]) for event in models] == [
        (place, call) for call in ("1", "2") for place in places
    ]
    assert len({event["run_id"] for event in models}) == len(models)
