"""The end of a process: one budget for all that is waited for, and a watchdog that is patient."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.run import event_loop
from catagent.run.runner import open_session
from catagent.stop import SHUTDOWN_S, Stop
from tests.faults import checks
from tests.support.cli import environment
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
    said = [line for line in done.err.decode().splitlines() if "error" not in line]
    assert said == words
    assert recording.read_text(encoding="utf-8").count('"type":"run.finished"') == 1


def test_shutdown_has_one_budget_that_the_first_to_ask_begins() -> None:
    stop = Stop()
    assert stop.patience() == pytest.approx(SHUTDOWN_S, abs=0.05)
    time.sleep(SHUTDOWN_S / 2)
    assert stop.patience() <= SHUTDOWN_S / 2
    assert stop.patience(0.5) <= SHUTDOWN_S / 4
    time.sleep(SHUTDOWN_S / 2)
    assert stop.patience() == 0


def test_a_loop_that_runs_responds_and_one_that_stands_still_does_not() -> None:
    session = open_session()
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


def test_a_run_that_has_not_finished_has_failed() -> None:
    assert open_session().exit_code is ExitCode.FAILED
