"""`catagent watch`, whole: a program of LangChain's, its observer, and what is shown and kept."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import scripts
from tests.support.cli import COMMAND, catagent, environment, lines, on_terminal
from tests.support.server import ScriptedServer
from tests.support.waiting import wait_until

# Two runs, one of which fails, and a third one when it is told to.
PROGRAM = """
import sys
from langchain_core.runnables import RunnableLambda

def fail(question):
    raise ValueError("no such cat")

def answer(question):
    return f"answer to {question}"

def ask(name, do, question):
    try:
        print(RunnableLambda(do).with_config(run_name=name).invoke(question), flush=True)
    except ValueError as error:
        print(error, flush=True)

ask("good", answer, "where?")
ask("bad", fail, "why?")
print("ready", flush=True)
sys.stdin.readline()
ask("late", answer, "when?")
"""
PRINTED = "answer to where?\nno such cat\nready\nanswer to when?\n"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "cats.py").write_text(PROGRAM)
    (tmp_path / "run").mkdir()
    return environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path / "run"))


def watch(*options: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Watch the whole program."""
    return catagent("watch", *options, "--", sys.executable, "cats.py", env=env)


def names(events: list[dict[str, Any]], kind: str = "run.started") -> list[str]:
    return [event["name"] for event in events if event["type"] == kind]


def test_each_run_has_a_line_on_stderr_and_is_kept(env: dict[str, str], tmp_path: Path) -> None:
    done = watch("--stats", "--record", "all.jsonl", env=env)
    assert (done.returncode, done.stdout) == (0, PRINTED)
    said = done.stderr.splitlines()
    assert [line.split()[3] for line in said[:3]] == ["good", "bad", "late"]
    assert ['"where?" success' in said[0], '"why?" error' in said[1]] == [True, True]
    assert said[1].endswith("no such cat")
    assert said[-1].split()[:2] == ["3", "runs"]
    recorded = lines((tmp_path / "all.jsonl").read_text())
    assert names(recorded) == ["good", "bad", "late"]
    kept = lines(catagent("runs", env=env).stdout)
    assert [run["question"] for run in kept] == ["when?", "why?", "where?"]
    assert [run["status"] for run in kept] == ["success", "error", "success"]


def test_events_go_to_stdout_where_they_are_asked_for_and_the_program_to_stderr(
    env: dict[str, str],
) -> None:
    done = watch("-o", "jsonl", "--no-history", env=env)
    assert (done.returncode, done.stderr) == (0, PRINTED)
    events = lines(done.stdout)
    assert names(events) == names(events, "run.finished") == ["good", "bad", "late"]
    assert lines(catagent("runs", env=env).stdout) == []


def test_errors_alone_focus_and_an_exit_code_for_ci(env: dict[str, str]) -> None:
    done = watch("-o", "jsonl", "--errors", "--fail-on-error", env=env)
    assert (done.returncode, names(lines(done.stdout))) == (1, ["bad"])
    done = watch("-o", "jsonl", "--focus", "late", "--fail-on-error", env=env)
    assert (done.returncode, names(lines(done.stdout))) == (0, ["late"])
    done = watch("--errors", env=env)
    assert (done.returncode, done.stdout) == (0, PRINTED)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "stdout", ["| head -c 1 > /dev/null; exit ${PIPESTATUS[0]}", "> /dev/full"]
)
def test_an_output_that_fails_changes_neither_the_program_nor_its_exit_code(
    env: dict[str, str], stdout: str
) -> None:
    script = f'"$@" {stdout}'
    program = [sys.executable, "cats.py"]
    done = subprocess.run(
        ["bash", "-c", script, "bash", *COMMAND, "watch", "-o", "jsonl", "--", *program],
        env=env,
        cwd=env["HOME"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    said = done.stderr.splitlines(keepends=True)
    assert "".join(line for line in said if not line.startswith("catagent: ")) == PRINTED
    assert [run["status"] for run in lines(catagent("runs", env=env).stdout)][1] == "error"


@contextmanager
def started(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The program, which waits to be told to go on."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, env=env, cwd=env["HOME"], text=True, **pipes)
    with process:
        assert process.stdout is not None
        while process.stdout.readline() != "ready\n":
            assert process.poll() is None
        yield process


def told(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go on\n")
    process.stdin.flush()


def joined(env: dict[str, str], *options: str) -> subprocess.Popen[str]:
    """A viewer that joins the program and has shown its first run."""
    command = [*COMMAND, "watch", "-o", "jsonl", *options]
    viewer = subprocess.Popen(command, env=env, cwd=env["HOME"], text=True, stdout=subprocess.PIPE)
    assert viewer.stdout is not None
    assert json.loads(viewer.stdout.readline())["name"] == "good"
    return viewer


def rest_of(viewer: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """What it shows from here on. Not `communicate`, which misses what `readline` read ahead."""
    with viewer:
        assert viewer.stdout is not None
        return lines(viewer.stdout.read())


def test_viewers_join_and_leave_a_program_that_runs(env: dict[str, str], tmp_path: Path) -> None:
    launch = [*COMMAND, "watch", "-q", "--", sys.executable, "cats.py"]
    with started(launch, env) as process:
        (listed,) = lines(catagent("watch", env=env).stdout)
        assert (listed["runs"], listed["program"].endswith("cats.py")) == (2, True)
        unknown = catagent("watch", "no-such", env=env)
        assert unknown.returncode == 2
        assert "cats.py" in unknown.stderr
        assert "watch -- COMMAND" in catagent("watch", "1", env=env).stderr
        viewers = [joined(env, "cats"), joined(env, str(listed["pid"]))]
        leaving = joined(env, str(listed["pid"]))
        leaving.send_signal(signal.SIGINT)
        assert names(rest_of(leaving), "run.finished") in ([], ["good"], ["good", "bad"])
        assert leaving.returncode == 130
        told(process)
        for viewer in viewers:
            assert names(rest_of(viewer)) == ["bad", "late"]
            assert viewer.returncode == 0
        assert process.wait(60) == 0
    assert lines(catagent("watch", env=env).stdout) == []
    assert len(lines(catagent("runs", env=env).stdout)) == 3  # whoever has seen them, each once
    assert list((tmp_path / "run/catagent").iterdir()) == []


def test_a_shell_lets_all_that_it_starts_be_watched(env: dict[str, str]) -> None:
    script = f'eval "$({" ".join(COMMAND)} watch --env)"; exec {sys.executable} cats.py'
    with started(["sh", "-c", script], env) as process:
        viewer = joined(env, "cats.py")
        process.kill()
        assert names(rest_of(viewer)) == ["bad"]
    assert viewer.returncode == 0


def test_what_a_shell_gets_is_quoted_and_keeps_its_own_path(tmp_path: Path) -> None:
    odd = tmp_path / "it's odd; $HOME"
    odd.mkdir()
    env = environment(tmp_path, XDG_RUNTIME_DIR=str(odd))
    env["PYTHONPATH"] += f":{odd}"
    printed = catagent("watch", "--env", "--tokens", env=env)
    assert printed.stderr == ""
    show = (
        f'{printed.stdout}\nprintf "%s\\n" "$PYTHONPATH" "$CATAGENT_WATCH" "$CATAGENT_WATCH_TOKENS"'
    )
    path, folder, tokens = subprocess.run(
        ["sh", "-ec", show], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert path.partition(":")[0].endswith("watch/observer")
    assert path.partition(":")[2] == env["PYTHONPATH"]
    assert (folder, tokens) == (f"{odd}/catagent/shell", "1")


def test_a_program_that_keeps_its_runs_keeps_them_alone(env: dict[str, str]) -> None:
    with ScriptedServer(scripts.cat()) as server:
        env |= {"OPENAI_API_KEY": "sk-test-0123456789", "OPENAI_BASE_URL": server.url}
        asked = (*COMMAND, "ask", "-o", "answer", "where is it?")
        done = catagent("watch", "--", *asked, env=env)
    assert (done.returncode, " success " in done.stderr) == (0, True), done.stderr
    (kept,) = lines(catagent("runs", env=env).stdout)
    path = catagent("runs", "path", kept["id"], env=env).stdout.strip()
    assert "pid" not in lines(Path(path).read_text())[1]["data"]


# Leaves a process behind that is in the middle of a run, and ends it when it is told to.
LEAVES = """
import os, sys
from pathlib import Path
from time import sleep

if os.fork():
    while not Path("begun").exists():
        sleep(0.01)
    os._exit(3)
os.close(1), os.close(2)
if sys.argv[1] == "early":
    Path("begun").touch()
from langchain_core.runnables import RunnableLambda

def run(question):
    Path("begun").touch()
    while not Path("go").exists():
        sleep(0.01)
    return "done"

RunnableLambda(run).with_config(run_name="good").invoke("why?")
"""


@pytest.mark.parametrize("when", ["early", "late"])
def test_what_outlives_the_command_can_still_be_watched(env: dict[str, str], when: str) -> None:
    home = Path(env["HOME"])
    (home / "leaves.py").write_text(LEAVES)
    done = catagent("watch", "--", sys.executable, "leaves.py", when, env=env)
    assert (done.returncode, "nothing of LangChain" in done.stderr) == (3, False)
    assert "1 process of it runs on: catagent watch" in done.stderr
    if when == "late":
        (kept,) = lines(catagent("runs", env=env).stdout)
        assert kept["status"] == "cancelled"
        assert "The viewer left before the run ended." in done.stderr
    wait_until(lambda: lines(catagent("watch", env=env).stdout) != [])
    viewer = joined(env, "leaves")
    (home / "go").touch()
    assert names(rest_of(viewer), "run.finished") == ["good"]
    (kept,) = lines(catagent("runs", env=env).stdout)
    assert kept["status"] == "success"


# Dies in the middle of a run: by the signal that is named, or by itself.
DIES = """
import os, sys
from langchain_core.runnables import RunnableLambda

def die(number):
    os.kill(os.getpid(), number) if number else os._exit(5)

RunnableLambda(die).invoke(int(sys.argv[1]))
"""


@pytest.mark.parametrize(("number", "how"), [(9, "killed by SIGKILL"), (0, "exit 5")])
@pytest.mark.parametrize("run", [catagent, on_terminal])
def test_how_a_program_ended_in_the_middle_of_a_run_is_said(
    env: dict[str, str], number: int, how: str, run: Any
) -> None:
    (Path(env["HOME"]) / "dies.py").write_text(DIES)
    run("watch", "-q", "--", sys.executable, "dies.py", str(number), env=env)
    kept = Path(catagent("runs", "path", "last", env=env).stdout.strip())
    last = lines(kept.read_text())[-1]
    assert last["data"]["error"]["message"] == f"The program ended ({how}) before the run did."


def test_a_viewer_that_fails_leaves_the_program_alone(env: dict[str, str]) -> None:
    """Of all that it may meet, a history that cannot be made."""
    (Path(env["HOME"]) / "state").write_text("not a folder")
    done = watch(env=env)
    assert (done.returncode, done.stdout) == (0, PRINTED)
