"""A poor machine: full disks, no home, no locale, few files, closed streams, a clock gone wrong."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catagent.events import types as ev
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session
from tests.faults import checks
from tests.support.cli import PIPED, quiet, with_server
from tests.support.runs import cat_run, started
from tests.support.scripts import ANSWER_TOKENS, cat, saying
from tests.support.server import ScriptedServer
from tests.support.warm import Warm


def cold(command: str, env: dict[str, str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a shell command in which `catagent` is ours."""
    catagent = f"{sys.executable} -m catagent"
    return subprocess.run(
        ["sh", "-c", command.replace("catagent", f"exec {catagent}")],
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        **options,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("output", PIPED)
def test_a_full_disk_behind_stdout_is_one_clear_error(tmp_path: Path, output: str) -> None:
    with ScriptedServer(cat(3)) as server:
        done = cold(f"catagent ask where -o {output} >/dev/full", quiet(tmp_path, server))
    assert done.returncode == 1
    assert done.stderr == "catagent: error: Cannot write the output: No space left on device.\n"


def test_a_disk_that_fills_up_under_a_recording_does_not_stop_the_run(tmp_path: Path) -> None:
    """A limit on file sizes stands for the disk. The history is on it too."""
    with ScriptedServer(cat(300)) as server:
        env = with_server(tmp_path, server.url)
        done = cold(f"ulimit -f 16; catagent ask where --record {tmp_path}/r.jsonl", env)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    checks.assert_whole(events)
    assert done.returncode == 1
    assert events[-1]["data"]["status"] == "success"
    warnings = [event["data"] for event in events if event["type"] == "warning"]
    assert [warning["code"] for warning in warnings] == ["recording_failed"] * 2
    assert {warning["message"].partition(" broke")[0] for warning in warnings} == {
        "The recording",
        "The history of this run",
    }


@pytest.mark.parametrize(
    "variables",
    [
        {"CATAGENT_HOME": "/proc/nowhere", "HOME": "/proc/nowhere"},
        {"CATAGENT_HOME": "", "HOME": "/proc/nowhere"},
        {"CATAGENT_HOME": "", "HOME": ""},
    ],
    ids=["nothing-can-be-written", "read-only-home", "no-home"],
)
def test_a_run_succeeds_without_a_place_to_write(
    warm: Warm, tmp_path: Path, variables: dict[str, str]
) -> None:
    with ScriptedServer(cat(3)) as server:
        env = {**with_server(tmp_path, server.url), **variables}
        if not env["HOME"]:
            del env["HOME"]
            env["CATAGENT_HISTORY"] = "false"  # else it would go to the tester's own
        done = warm.run(["ask", "where?"], env, cwd=str(tmp_path))
    checks.assert_whole(done.events)
    assert (done.code, done.err) == (0, b"")
    codes = [event["data"]["code"] for event in done.events if event["type"] == "warning"]
    assert codes == ["recording_failed"] * ("CATAGENT_HISTORY" not in env)


@pytest.mark.parametrize("output", PIPED)
def test_text_without_a_locale_is_still_text(tmp_path: Path, output: str) -> None:
    answer = "日本 → é \U0001f408"
    with ScriptedServer(saying(answer)) as server:
        env = {**quiet(tmp_path, server), "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
        done = cold(f"catagent ask where -o {output}", {**env, "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (0, "")
    # Text is in the encoding of the locale, and data always in UTF-8.
    assert ("\\u65e5" if output == "plain" else answer) in done.stdout


def test_too_few_file_descriptors_are_a_clear_error(tmp_path: Path) -> None:
    """From none but the standard streams on, up to what it takes: how many differs by platform."""
    said = "catagent: error: Too many files are open.\n  hint: raise the limit: ulimit -n 1024\n"
    with ScriptedServer(cat(3)) as server:
        for limit in itertools.count(6):
            done = cold(f"ulimit -n {limit}; catagent ask where", quiet(tmp_path, server))
            if done.stdout:
                checks.assert_whole([json.loads(line) for line in done.stdout.splitlines()])
            if done.returncode == 0:
                break
            assert done.returncode == 1
            assert done.stderr.startswith(said)
            assert "Traceback" not in done.stderr
    assert limit > 6


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_succeeds_with_closed_standard_streams(tmp_path: Path, closed: str) -> None:
    with ScriptedServer(cat(3)) as server:
        done = cold(f"catagent ask where {closed}", quiet(tmp_path, server))
    assert done.returncode == 0
    assert done.stderr == ""
    if ">&-" not in closed.replace("2>&-", ""):
        checks.assert_whole([json.loads(line) for line in done.stdout.splitlines()])


def test_the_answer_comes_where_nothing_is_wrong_with_the_machine(tmp_path: Path) -> None:
    """The same commands, with nothing wrong: so that the tests above prove something."""
    with ScriptedServer(cat(3)) as server:
        done = cold("ulimit -n 256; catagent ask where -o answer", quiet(tmp_path, server))
    assert (done.returncode, done.stdout) == (0, "".join(ANSWER_TOKENS) + "\n")


def test_a_clock_that_goes_backwards_makes_no_negative_times() -> None:
    """An hour back with every event: the stamps follow, the durations do not."""
    clock = itertools.count()
    began = datetime(2026, 3, 29, 12, tzinfo=UTC)
    seen: list[ev.Event] = []

    class Sink:
        def write(self, event: ev.Event) -> None:
            seen.append(event)

        def close(self) -> None:
            pass

    async def source() -> AsyncGenerator[ev.Event, None]:
        for event in cat_run()[1:-1]:
            yield event

    session = Session(Broadcast([Sink()], wall_clock=lambda: began - timedelta(hours=next(clock))))
    finished = asyncio.run(session.drive(started(), source())).data
    assert (finished.status, finished.exit_code) == ("success", 0)
    assert finished.duration_s >= 0
    assert (finished.ttft_s or 0) >= 0
    assert [event.seq for event in seen] == list(range(len(seen)))
