"""`catagent watch URL`: runs that others have started on a LangGraph server."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.cli import environment
from tests.support.waiting import wait_until
from tests.support.warm import Done, Warm

QUESTION: Any = {"messages": [{"role": "user", "content": "Where is the cat?"}]}
TIMES = ("ts", "duration_s", "ttft_s")


class Started:
    """A run that another client has started."""

    def __init__(
        self, url: str, graph: str, *modes: str, resumable: bool = True, **given: Any
    ) -> None:
        self._url = url
        self.thread = self._post("/threads", {})["thread_id"]
        body = {"assistant_id": graph, "input": QUESTION, "config": {"configurable": given}}
        more = {"stream_mode": modes, "stream_resumable": resumable}
        self.id = self._post(f"/threads/{self.thread}/runs", {**body, **more})["run_id"]
        self.named = ["--thread", self.thread, "--run", self.id]

    def _post(self, path: str, body: Any) -> Any:
        answer = httpx.post(self._url + path, json=body)
        return answer.json() if answer.content else None

    @property
    def status(self) -> str:
        return str(httpx.get(f"{self._url}/threads/{self.thread}/runs/{self.id}").json()["status"])

    def cancel(self) -> None:
        self._post(f"/threads/{self.thread}/runs/{self.id}/cancel", {})


@pytest.fixture
def slow(langgraph_dev: str) -> Iterator[Started]:
    """A run that takes a minute, and ends with the test."""
    run = Started(langgraph_dev, "slow", "messages-tuple", "values", tokens=600, pace=0.1)
    yield run
    run.cancel()


def untimed(value: Any) -> Any:
    if isinstance(value, list):
        return [untimed(each) for each in value]
    if isinstance(value, dict):
        return {key: untimed(each) for key, each in value.items() if key not in TIMES}
    return value


def answer(done: Done) -> str:
    found = [event["data"]["output"] for event in done.events if event["type"] == "answer"]
    return found[-1] if found else ""


@pytest.mark.parametrize("mode", ["events", "messages-tuple", "messages", "updates", "values"])
def test_watch_shows_a_run_of_a_server_in_whichever_mode_it_streams(
    warm: Warm, tmp_path: Path, langgraph_dev: str, mode: str
) -> None:
    run = Started(langgraph_dev, "cat", mode)
    done = warm.run(["watch", f"{langgraph_dev}/cat", *run.named], environment(tmp_path))
    events = done.events
    assert (done.code, events[-1]["data"]["status"]) == (0, "success"), done.err
    assert events[0]["run_id"] == run.id
    assert events[0]["data"]["input"] == "Where is the cat?"
    assert answer(done), "what the agent said"
    kinds = {event["type"] for event in events}
    assert {"action", "observation"} <= kinds
    assert ("llm.token" in kinds) == mode.startswith(("messages", "events"))
    assert ("tool.started" in kinds) == (mode == "events")
    untold = [event["data"]["code"] for event in events if event["type"] == "warning"]
    assert untold == ([] if mode == "events" else ["untold"])


def test_two_viewers_of_one_run_on_a_server_see_the_same_from_its_beginning(
    warm: Warm, tmp_path: Path, langgraph_dev: str
) -> None:
    run = Started(langgraph_dev, "slow", "messages-tuple", "values", tokens=25, pace=0.05)
    seen = []
    for name in ("one", "two"):
        home = tmp_path / name
        home.mkdir()
        time.sleep(0.5)  # in the middle of it
        arguments = ["watch", f"{langgraph_dev}/slow", *run.named]
        seen.append(warm.spawn(arguments, environment(home)))
    one, two = (untimed(each.wait().events) for each in seen)
    assert one == two
    deltas = [each["data"]["delta"] for each in one if each["type"] == "llm.token"]
    assert deltas == [f"t{i} " for i in range(25)]


def test_a_run_that_a_server_keeps_nothing_of_is_shown_by_its_end(
    warm: Warm, tmp_path: Path, langgraph_dev: str
) -> None:
    run = Started(langgraph_dev, "slow", "values", resumable=False, tokens=3)
    wait_until(lambda: run.status == "success")
    done = warm.run(
        ["watch", f"{langgraph_dev}/slow", "--thread", run.thread], environment(tmp_path)
    )
    assert [e["data"]["code"] for e in done.events if e["type"] == "warning"] == ["no_beginning"]
    assert answer(done) == "t0 t1 t2 "


def test_leaving_a_run_of_a_server_in_a_terminal_leaves_it_running(
    warm: Warm, tmp_path: Path, langgraph_dev: str, slow: Started
) -> None:
    arguments = ["watch", f"{langgraph_dev}/slow", "--thread", slow.thread]
    run, _ = warm.open_terminal(arguments, environment(tmp_path), size=(30, 120))
    run.wait_for(b"t12")
    run.send(signal.SIGINT)
    done = run.wait()
    assert done.code == 130
    assert f"catagent watch {langgraph_dev}/slow {' '.join(slow.named)}".encode() in done.out
    assert slow.status == "running"


def test_watch_of_a_server_joins_what_runs_and_what_begins_until_it_is_left(
    warm: Warm, tmp_path: Path, langgraph_dev: str
) -> None:
    env = environment(tmp_path)
    first = Started(langgraph_dev, "slow", "messages-tuple", tokens=40, pace=0.1)
    run = warm.spawn(["watch", f"{langgraph_dev}/slow", "-o", "jsonl"], env)
    run.wait_for(first.id.encode())
    second = Started(langgraph_dev, "slow", "values", "messages-tuple", tokens=40, pace=0.1)
    run.wait_for(second.id.encode())
    wait_until(lambda: second.status == "success")
    run.wait_for(b'"type":"run.finished"')
    run.send(signal.SIGINT)
    done = run.wait()
    assert done.code == 130
    assert {first.id, second.id} <= {e["run_id"] for e in done.events if e["type"] == "run.started"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--thread", "nobody"], "no thread nobody"),
        (["--run", "nobody"], "--run is one of a thread's"),
        (["--env"], "--env is for programs"),
    ],
    ids=["thread", "run", "env"],
)
def test_watch_of_a_server_refuses_what_is_not_there(
    warm: Warm, tmp_path: Path, langgraph_dev: str, more: list[str], words: str
) -> None:
    done = warm.run(["watch", f"{langgraph_dev}/", *more], environment(tmp_path))
    assert done.code == 2
    assert words in done.err.decode()
