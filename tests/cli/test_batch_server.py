"""`catagent batch` over an agent on a LangGraph server."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import httpx

from tests.support.cli import environment
from tests.support.langgraph_server import RUN, Answer, Asked, LangGraphServer, streamed
from tests.support.waiting import wait_until
from tests.support.warm import Warm


def test_a_batch_over_a_server_answers_each_question_once(
    warm: Warm, langgraph_dev: str, tmp_path: Path
) -> None:
    (tmp_path / "q.txt").write_text("who?\n" * 8)
    arguments = ["batch", "q.txt", "--agent", f"{langgraph_dev}/slow", "--configurable", "pace=0"]
    done = warm.run([*arguments, "--configurable", "tokens=3"], environment(tmp_path))
    assert done.code == 0, done.err
    assert sorted(each["n"] for each in done.events) == [*range(1, 9)]
    assert {each["output"] for each in done.events} == {"t0 t1 t2 "}


def test_a_batch_waits_for_a_server_whose_proxy_says_that_it_is_away(
    warm: Warm, tmp_path: Path
) -> None:
    """Three times, where --retries 1 has a question asked twice."""
    (tmp_path / "q.txt").write_text('{"input": {"question": "who?"}}\n')
    root = {"event": "on_chain_start", "run_id": RUN, "name": "agent", "parent_ids": [], "data": {}}
    end = {**root, "event": "on_chain_end", "data": {"output": "here"}}
    parts = [("events", root, "1-0"), ("events", end, "2-0")]

    def script(asked: Asked) -> Answer | None:
        if sum(each.path == "/info" for each in server.asked) <= 3:
            return Answer({"detail": "no server"}, 503)
        return streamed(parts) if asked.creates else None

    with LangGraphServer(script) as server:
        arguments = ["batch", "q.txt", "--agent", f"{server.url}/agent", "--retries", "1"]
        ended = warm.run(arguments, environment(tmp_path))
    assert (ended.code, ended.events[0]["attempts"]) == (0, 4), ended.err


def test_a_batch_at_a_wrong_address_ends_after_its_retries(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("who?\n" * 100)
    arguments = ["batch", "q.txt", "--agent", "http://127.0.0.1:1/agent", "--retries", "1"]
    done = warm.run(arguments, environment(tmp_path))
    assert (done.code, done.out, done.err.count(b"refused the connection")) == (1, b"", 1)


def test_ctrl_c_of_a_batch_cancels_what_runs_on_a_server(
    warm: Warm, langgraph_dev: str, tmp_path: Path
) -> None:
    (tmp_path / "q.txt").write_text("who?\n" * 8)
    arguments = ["batch", "q.txt", "--agent", f"{langgraph_dev}/slow", "--record-dir", "runs"]
    many = ["--concurrency", "2", "--configurable", "tokens=600"]
    run = warm.spawn([*arguments, *many], environment(tmp_path))
    wait_until(lambda: _said(tmp_path) == 2)
    run.send(signal.SIGINT)
    done = run.wait()
    assert (done.code, done.out) == (130, b"")
    for file in (tmp_path / "runs").iterdir():
        thread = json.loads(file.read_bytes().splitlines()[1])["data"]["thread_id"]
        wait_until(lambda thread=thread: not _runs_on(langgraph_dev, thread))  # type: ignore[misc]


def _said(folder: Path) -> int:
    """How many of the recorded runs have said something."""
    files = [*folder.glob("runs/*")]
    return sum(b'"llm.token"' in file.read_bytes() for file in files)


def _runs_on(url: str, thread: str) -> bool:
    answer = httpx.get(f"{url}/threads/{thread}/runs")
    runs = answer.json() if answer.is_success else []
    return any(each["status"] in ("pending", "running") for each in runs)
