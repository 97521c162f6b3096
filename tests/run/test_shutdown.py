"""The end of a process: one budget for all that is waited for, and a watchdog that is patient."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.run import event_loop
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session
from catagent.stop import SHUTDOWN_S, Stop
from tests.faults import checks
from tests.support.cli import environment, quiet
from tests.support.scripts import cat
from tests.support.server import ScriptedServer
from tests.support.slow_end import AT_EXIT
from tests.support.warm import Warm

CLOSED = "the generator was closed"


def started() -> ev.RunStarted:
    data = ev.RunStartedData(agent="cat", model="m", mode="events", input="q")
    return ev.RunStarted(run_id="root", name="cat", data=data)


@pytest.mark.parametrize(
    ("agent", "code", "words"),
    [("fails", 1, [CLOSED, AT_EXIT]), ("answers", 0, [CLOSED, AT_EXIT]), ("hangs", 0, [AT_EXIT])],
)
def test_shutdown_of_a_loop_that_never_stood_still_runs_atexit_handlers(
    warm: Warm, tmp_path: Path, agent: str, code: int, words: list[str]
) -> None:
    """Whatever an agent leaves behind: a task that clings, a generator, a thread."""
    env = environment(tmp_path, CATAGENT_HISTORY="false")
    recording = tmp_path / "run.jsonl"
    arguments = ["--agent", f"tests.support.slow_end:{agent}", "--record", str(recording)]
    done = warm.run(["ask", "?", *arguments, "--include-types", "tool"], env)
    assert done.code == code
    checks.assert_whole(done.events)
    lines = done.err.decode().splitlines()
    assert [line for line in lines if line in (CLOSED, AT_EXIT)] == words
    assert recording.read_text(encoding="utf-8").count('"type":"run.finished"') == 1


def test_shutdown_has_one_budget_from_when_the_run_is_to_end() -> None:
    """What is waited for while it goes on, an orphan of a tool's, takes nothing from it."""
    stop = Stop()
    time.sleep(SHUTDOWN_S / 2)
    assert stop.patience() == SHUTDOWN_S
    stop.request(ExitCode.INTERRUPTED)
    time.sleep(SHUTDOWN_S / 2)
    assert stop.patience() <= SHUTDOWN_S / 2
    assert stop.patience(0.5) <= SHUTDOWN_S / 4
    time.sleep(SHUTDOWN_S / 2)
    assert stop.patience() == 0


def test_a_loop_that_runs_responds_and_one_that_stands_still_does_not() -> None:
    session = Session(Broadcast([]))
    asked: list[bool] = []

    def ask(within_s: float) -> None:
        asked.append(session.responds(within_s))

    async def source() -> AsyncGenerator[ev.Event, None]:
        await asyncio.to_thread(ask, 10.0)
        blocked = threading.Thread(target=ask, args=(0.05,))
        blocked.start()
        blocked.join()  # on the loop's own thread: that is the point
        yield ev.Answer(data=ev.AnswerData(output="a"))

    assert session.responds(0)
    event_loop.run(session.drive(started(), source()))
    assert asked == [True, False]
    assert session.responds(0)


def test_shutdown_signals_are_watched_until_the_terminal_is_given_back(
    warm: Warm, tmp_path: Path
) -> None:
    """Between the end of the run and that of its sinks: the default would kill it there."""
    with ScriptedServer(cat(tokens=3)) as server:
        for delay in (0.0, 0.02, 0.05, 0.1):
            run, modes = warm.open_terminal(["ask", "where?"], quiet(tmp_path, server))
            run.wait_for(b"done in")
            time.sleep(delay)
            with contextlib.suppress(ProcessLookupError):  # it has ended
                run.send(signal.SIGTERM)
            done = run.wait(20)
            done.before = modes
            assert done.code in (0, 143, -signal.SIGTERM)  # the last: when all was done
            checks.assert_terminal_whole(done)


def test_shutdown_waits_for_no_reader_of_a_recording_that_stalls(
    warm: Warm, tmp_path: Path
) -> None:
    pipe = tmp_path / "recording"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with ScriptedServer(cat(tokens=20_000)) as server:
        arguments = ["ask", "where?", "--force", "--record", str(pipe), "--timeout", "2"]
        done = warm.run([*arguments, "-o", "answer"], quiet(tmp_path, server))
    os.close(reader)
    assert done.code == 124


def test_shutdown_waits_for_no_reader_of_stderr_that_stalls(warm: Warm, tmp_path: Path) -> None:
    """One full pipe for both streams, as `2>&1 |` makes it, read only when the run is over."""
    ours, theirs = os.pipe()
    with ScriptedServer(cat(tokens=20_000)) as server, Path(os.devnull).open("rb") as nothing:
        descriptors = (nothing.fileno(), theirs, theirs)
        arguments = ["ask", "where?", "-o", "jsonl", "--timeout", "2"]
        run = warm.start(arguments, quiet(tmp_path, server), descriptors=descriptors)
        os.close(theirs)
        done = run.wait(20)
    os.close(ours)
    assert done.code == 124


def test_a_run_is_not_executed_inside_a_loop_that_runs() -> None:
    async def main() -> None:
        event_loop.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="running already"):
        asyncio.run(main())


STUCK_SINK = """
import os, signal, time
from catagent.run import event_loop
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session
from catagent.run.event_loop import watchdog
from catagent.stop import Interrupts
from tests.run.test_shutdown import started

class Stuck:
    def write(self, event):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(3600)

    def close(self):
        pass

async def source():
    yield

session = Session(Broadcast([Stuck()]))
with Interrupts(session.stop), watchdog(lambda: session, lambda: print("left", flush=True)):
    event_loop.run(session.drive(started(), source()))
"""


def test_shutdown_waits_for_no_sink_that_never_returns(tmp_path: Path) -> None:
    """It holds what every other event waits for: the run's last one as well."""
    done = subprocess.run(
        [sys.executable, "-c", STUCK_SINK],
        env=environment(tmp_path),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, b"left\n", b"")


def test_a_run_that_has_not_finished_has_failed() -> None:
    assert Session(Broadcast([])).exit_code is ExitCode.FAILED
