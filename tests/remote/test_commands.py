"""The commands on a LangGraph server: its threads, runs that are left there, what cannot hold."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest

from catagent.config import load
from catagent.errors import NetworkError
from catagent.events import types as ev
from catagent.remote import connections
from catagent.remote.address import Address
from catagent.run import joined
from tests.support.asked import Heard
from tests.support.cli import catagent, environment, lines
from tests.support.langgraph_server import RUN, Answer, Asked, LangGraphServer, streamed
from tests.support.waiting import wait_until
from tests.support.warm import Warm


def test_a_thread_of_a_server_is_named_gone_on_with_and_removed(
    langgraph_dev: str, tmp_path: Path
) -> None:
    env, name = environment(tmp_path), f"commands {uuid.uuid4()}"
    there = ("--agent", f"{langgraph_dev}/slow")
    first = catagent("ask", "one", *there, "--thread", name, "-o", "answer", env=env)
    assert (first.returncode, "has a new thread" in first.stderr) == (0, True)
    again = catagent("ask", "two", *there, "--continue", "-o", "answer", env=env)
    assert (again.returncode, "has a new thread" in again.stderr) == (0, False)
    threads = lines(catagent("runs", "threads", *there, env=env).stdout)
    [kept] = [each for each in threads if each["name"] == name]
    assert (kept["agent"], kept["question"], kept["status"]) == ("slow", "one", "idle")
    shown = catagent("runs", "threads", "show", kept["id"], *there, env=env).stdout
    assert (shown.count("human\n"), "two\n" in shown) == (2, True)
    other = catagent("ask", "x", "--agent", f"{langgraph_dev}/cat", "--thread", name, env=env)
    assert (other.returncode, "a conversation with slow" in other.stderr) == (2, True)
    assert catagent("runs", "threads", "rm", name, *there, env=env).returncode == 0
    gone = catagent("runs", "threads", "show", name, *there, env=env)
    assert (gone.returncode, "no thread" in gone.stderr) == (2, True)


def test_a_run_that_is_left_on_a_server_is_joined_by_the_line_that_it_prints(
    langgraph_dev: str, tmp_path: Path
) -> None:
    env = environment(tmp_path)
    left = catagent("ask", "--detach", "left", "--agent", f"{langgraph_dev}/slow", env=env)
    program, *words = left.stdout.split()
    assert (left.returncode, program, words[0]) == (0, "catagent", "watch")
    joined = lines(catagent(*words, "-o", "jsonl", env=env).stdout)
    assert (joined[0]["run_id"], joined[-1]["data"]["status"]) == (words[-1], "success")


def test_watch_shows_as_done_what_runs_in_threads_that_are_removed_with_them(
    langgraph_dev: str, tmp_path: Path, warm: Warm
) -> None:
    env, mine, others = environment(tmp_path), f"mine {uuid.uuid4()}", f"others {uuid.uuid4()}"
    watched = warm.spawn(["watch", f"{langgraph_dev}/slow", "-o", "jsonl"], env)
    assert catagent("ask", mine, "--agent", f"{langgraph_dev}/slow", env=env).returncode == 0
    given = {"messages": [{"role": "user", "content": others}]}
    body = {"assistant_id": "slow", "input": given, "stream_mode": ["messages-tuple"]}
    said = httpx.post(f"{langgraph_dev}/runs/stream", json=body, timeout=60).text
    assert "t19" in said
    wait_until(lambda: watched.out.count(b'"run.finished"') >= 2)
    watched.send(signal.SIGINT)
    events = watched.wait().events
    for question in (mine, others):
        asked = [each for each in events if each["type"] == "run.started"]
        [run] = [each["run_id"] for each in asked if question in str(each["data"]["input"])]
        theirs = [each for each in events if each["run_id"] == run]
        assert theirs[-1]["data"]["status"] == "success"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--agent", "http://127.0.0.1:9/cat", "--model", "local"], "--model cannot hold"),
        (["--agent", "http://127.0.0.1:9/cat", "--break", "x"], "--break cannot hold"),
        (["--agent", "http://127.0.0.1:9/cat", "--mode", "steps"], "--mode cannot hold"),
        (["--agent", "http://127.0.0.1:9/"], "names no agent"),
        (["--detach"], "--detach is for an agent on a server"),
        (["--detach", "--agent", "http://127.0.0.1:9/cat", "--record", "x"], "--record is for"),
    ],
)
def test_what_cannot_hold_on_a_server_is_said_before_it_is_asked(
    words: list[str], said: str, tmp_path: Path
) -> None:
    done = catagent("ask", "a question", *words, env=environment(tmp_path))
    assert (done.returncode, done.stdout, said in done.stderr) == (2, "", True)


def test_a_server_that_is_gone_while_its_runs_are_watched_ends_what_was_read_with_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_PATIENCE_S", 0.5)
    monkeypatch.setattr(joined, "_POLL_S", 0.1)
    script = left_in_midst()
    with LangGraphServer(script) as server:
        address, heard = Address.parse(f"{server.url}/"), Heard()
        assert address
        runs = joined.JoinedRuns(
            address=address, loaded=load({}, {}), sinks=[heard], keep=lambda _: nullcontext([])
        )
        with pytest.raises(NetworkError):
            asyncio.run(runs.follow())
    [finished] = [each for each in heard.events if isinstance(each, ev.RunFinished)]
    assert finished.data.error
    assert (finished.data.status, finished.data.error.kind) == ("error", "network")


def left_in_midst() -> Callable[[Asked], Answer]:
    """One run goes on, whose stream is cut; from then on nothing is answered but 503."""
    ids = {"run_id": RUN, "thread_id": RUN, "status": "running"}
    cut = False

    def script(asked: Asked) -> Answer:
        nonlocal cut
        if cut:
            return Answer({}, 503)
        if asked.path.endswith("/threads/search"):
            return Answer([{"thread_id": RUN}])
        if asked.joins:
            cut = True
            return streamed([("metadata", {}, "1-0"), ("values", {"a": 1}, "2-0")], is_cut=True)
        return Answer([ids] if asked.path.endswith("/runs") else {"graph_id": "agent"})

    return script
