"""`catagent runs threads`, as a user runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catagent.recordings.history import History
from catagent.sinks.recorder import Recorder
from catagent.threads.store import Thread, Threads, held
from tests.support.cli import catagent, environment, lines, on_terminal
from tests.support.runs import cat_run, failed_run, of_run, paused_run

CANARY = "sk-canary-0123456789"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a thread of three turns, the first of two runs, and a newer, empty thread."""
    threads, history = Threads(tmp_path / "state/threads"), History(folder=tmp_path / "state/runs")
    thread = threads.new(id="11112222", name="cats")
    for name, run in (("1", paused_run()), ("2", cat_run()), ("3", failed_run())):
        begun: Any = run[0]
        begun.data.thread_id = thread.id
        if name == "2":
            begun.data.resumes, begun.data.answers = "1", {"i1": "yes"}
        recorder = Recorder(history.place_for(name), required=False)
        for event in of_run(name, run):
            recorder.write(event)
        recorder.close()
    for name, asked in (("1", "where is \x1b[31m it?"), ("3", f"and {CANARY}?"), ("4", "then?")):
        thread.begin(asked, name, agent="cat", ts="2026-11-26T20:00:00Z")
    thread.write(waiting="4")
    threads.new(id="33334444")
    return tmp_path


def thread_of(home: Path) -> Thread:
    return Threads(home / "state/threads").find("11112222")


def test_threads_are_listed_named_and_removed_whole(home: Path) -> None:
    env = environment(home, COLUMNS="100")
    newest, cats = lines(catagent("runs", "threads", env=env).stdout)
    assert (newest["id"], newest["turns"]) == ("33334444", 0)
    assert (cats["name"], cats["turns"], cats["waiting"]) == ("cats", 3, "4")
    catagent("runs", "threads", "rename", "1111", "my cats", env=env)
    code, shown = on_terminal("runs", "threads", env=env)
    assert code == 0
    row = shown.splitlines()[1]
    for part in ("11112222", "my cats", "11-26 20:00", "cat", "3", "12 kB", "yes", "where is"):
        assert part in row
    with held(thread_of(home)):
        refused = catagent("runs", "threads", "rm", "my cats", env=env)
    assert (refused.returncode, "another run goes on" in refused.stderr) == (2, True)
    assert catagent("runs", "threads", "rm", "my cats", "3333", env=env).returncode == 0
    left = [path.name for path in (home / "state/threads").iterdir()]
    assert left == []
    assert "no thread is kept" in on_terminal("runs", "threads", env=env)[1]


def test_a_conversation_is_shown_of_the_recordings_of_its_runs(home: Path) -> None:
    env = environment(home, MY_TOKEN=CANARY)
    shown = catagent("runs", "threads", "show", "cats", env=env)
    assert shown.returncode == 0
    told = ("run:", "question:", "answered:")
    runs = [line for line in shown.stdout.splitlines() if line.startswith(told)]
    asked = "question: what items are located where the cat is hiding?"
    cat, done = "run: cat, openai:gpt-4o-mini, events", "done in 6.8 s, 4 tool calls, 4 tokens seen"
    failed = "run: failed after 3.4 s, 2 tool calls"
    assert runs == [cat, asked, "answered: yes", f"run: {done}", cat, asked, failed]
    assert "let go of 1 turn" in shown.stderr
    code, on_screen = on_terminal("runs", "threads", "show", "cats", env={**env, "PAGER": "cat"})
    assert code == 0
    assert "get_items" in on_screen
