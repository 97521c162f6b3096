"""On Windows: what works, and what says that it does not.

There is none here: `without_unix` takes away what that lacks.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import without_unix
from tests.support.cli import environment, lines, on_terminal, with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer

COMMAND = (sys.executable, "-X", "warn_default_encoding", without_unix.__file__)
RUN = str(Path(__file__).parents[1] / "fixtures/v1/events.jsonl")
AGENT = """
from langchain_core.runnables import RunnableLambda
agent = RunnableLambda(lambda question: f"heard {question}")
"""


def catagent(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        cwd=env["HOME"],
    )
    assert "defect" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a person, with a server in the place of OpenAI's."""
    home = tmp_path_factory.mktemp("windows")
    with ScriptedServer(cat(tokens=2)) as server:
        yield with_server(home, server.url)


def test_without_unix_help_version_and_schema(home: dict[str, str]) -> None:
    for arguments in (["--help"], ["--version"], ["schema"], ["agents"]):
        done = catagent(*arguments, env=home)
        assert (done.returncode, done.stderr) == (0, "")


def test_without_unix_a_run_is_asked_kept_and_shown(home: dict[str, str]) -> None:
    asked = catagent("ask", "where is it?", env=home)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert lines(asked.stdout)[-1]["data"]["status"] == "success"
    kept, *_ = lines(catagent("runs", env=home).stdout)
    assert (kept["question"], kept["steps"]) == ("where is it?", 2)
    assert lines(catagent("runs", "--stats", env=home).stdout)[0]["runs"] >= 1
    assert "where is it?" in catagent("show", "last", env=home).stdout
    assert catagent("replay", "last", "--speed", "0", env=home).stdout == asked.stdout


@pytest.mark.parametrize("output", ["plain", "answer"])
def test_without_unix_ask_has_the_outputs_that_need_no_terminal(
    home: dict[str, str], output: str
) -> None:
    done = catagent("ask", "where?", "-o", output, "--record", "r.jsonl", "--force", env=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert (Path(home["HOME"]) / "r.jsonl").stat().st_size


def test_without_unix_an_agent_of_your_own_and_a_tool(home: dict[str, str]) -> None:
    (Path(home["HOME"]) / "mine.py").write_text(AGENT)
    done = catagent("ask", "me", "-a", "mine.py:agent", "-o", "answer", env=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "heard me\n", "")
    (Path(home["HOME"]) / "questions.txt").write_text("me\nyou\n")
    done = catagent("batch", "questions.txt", "-a", "mine.py:agent", env=home)
    results = lines(done.stdout)
    assert sorted(result["output"] for result in results) == ["heard me", "heard you"]
    done = catagent("tool", "get_items", "place=on a table", "-o", "plain", env=home)
    assert (done.returncode, "get_items" in done.stdout) == (0, True), done.stderr


def test_without_unix_doctor_and_watching_a_server_begin(home: dict[str, str]) -> None:
    done = catagent("doctor", env=home)
    assert "no program can be watched" in done.stdout
    done = catagent("watch", "http://127.0.0.1:9/cat", env=home)
    assert (done.returncode, "127.0.0.1:9" in done.stderr) == (1, True), done.stderr


def test_without_unix_a_recording_is_replayed_and_exported(home: dict[str, str]) -> None:
    for output in ("plain", "ag-ui"):
        done = catagent("replay", RUN, "--speed", "0", "-o", output, env=home)
        assert (done.returncode, done.stderr) == (0, "")
    for ending in ("html", "svg", "md", "txt", "cast", "jsonl"):
        for force in ([], ["--force"]):
            done = catagent("export", RUN, f"run.{ending}", *force, env=home)
            assert done.returncode == 0, done.stderr
    assert catagent("diff", RUN, "run.jsonl", env=home).returncode == 0


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        ("ask where? -o live", "-o plain"),
        ("ask where? --inspect", "-o plain"),
        ("ask where? --thread cats", "of a server"),
        ("ask where? --agent mine.py:agent --python python3", "beside the agent's own packages"),
        ("chat", "catagent ask"),
        ("watch -- python app.py", "catagent ask"),
        ("watch", "catagent ask"),
        (f"inspect {RUN}", "catagent show"),
        ("runs threads", "of a server"),
    ],
)
def test_without_unix_what_cannot_work_says_so_and_what_does(
    home: dict[str, str], command: str, instead: str
) -> None:
    (Path(home["HOME"]) / "mine.py").write_text(AGENT)
    done = catagent(*command.split(), env=home)
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert f"does not work on {sys.platform}" in error
    assert instead in hint


def test_without_unix_a_terminal_gets_plain_text(home: dict[str, str]) -> None:
    env = environment(Path(home["HOME"]), TERM="", COLUMNS="80")
    code, shown = on_terminal("replay", RUN, "--speed", "0", env=env, command=COMMAND)
    assert code == 0
    assert "question: what items" in shown
    assert "\x1b" not in shown
    code, shown = on_terminal("show", RUN, env=env, command=COMMAND)
    assert (code, "run: done in" in shown) == (0, True)
