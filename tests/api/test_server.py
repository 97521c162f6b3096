"""Inside an async server, that of docs/python.md: several runs at once, clients that leave."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.support.replies import Reply
from tests.support.scripts import saying
from tests.support.server import Request, ScriptedServer
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/python.md").read_text(encoding="utf-8")
AGENT = """
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
model = ChatOpenAI(model="scripted", base_url={url!r}, api_key="test", max_retries=0)
agent = create_agent(model, [])
"""


def repeating(request: Request) -> Reply:
    """The question, ten times."""
    return Reply(tokens=(request.prompt + " ",) * 10, pace=0.01)


@contextlib.contextmanager
def serving(folder: Path, url: str) -> Iterator[int]:
    """Uvicorn with the document's server, for an agent of ours; yields its port."""
    (server,) = re.findall(r"```python\n# server.py\n(.*?)```", DOCUMENT, re.DOTALL)
    (folder / "server.py").write_text(server)
    (folder / "my_agent.py").write_text(AGENT.format(url=url))
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "server:app", "--port", "0"],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield _port_of(process)
    finally:
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said


def _port_of(process: subprocess.Popen[str]) -> int:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"running on http://127.0.0.1:(\d+)", line):
            return int(found[1])
    raise AssertionError("the server did not start")


def ask(port: int, question: str) -> contextlib.AbstractContextManager[httpx2.Response]:
    """The answer of the server; leaving the block hangs up."""
    url = f"http://127.0.0.1:{port}/ask"
    return httpx2.stream("GET", url, params={"question": question}, timeout=60)


def body_of(port: int, question: str) -> list[str]:
    """The lines of a whole answer."""
    with ask(port, question) as response:
        return list(response.iter_lines())


def test_runs_at_once_keep_their_events_apart(tmp_path: Path) -> None:
    questions = [f"question-{number}" for number in range(6)]
    with (
        ScriptedServer(repeating) as model,
        serving(tmp_path, model.url) as port,
        ThreadPoolExecutor(len(questions)) as clients,
    ):
        bodies = list(clients.map(partial(body_of, port), questions))
    for question, body in zip(questions, bodies, strict=True):
        events = [json.loads(line) for line in body]
        assert [events[0]["type"], events[-1]["type"]] == ["run.started", "run.finished"]
        assert events[-1]["data"]["output"].split() == [question] * 10
        assert set(re.findall(r"question-\d", "".join(body))) == {question}


@pytest.mark.parametrize("read", [1, 20])
def test_a_client_that_goes_away_cancels_its_run(read: int, tmp_path: Path) -> None:
    """Whether it leaves while the model is silent or in the middle of its answer."""
    script = saying(*"a" * 10_000, pace=0.01) if read > 1 else saying("a", pause=300)
    with ScriptedServer(script) as model, serving(tmp_path, model.url) as port:
        with ask(port, "hello") as response:
            lines = response.iter_lines()  # closes the connection where it is let go of
            assert all(next(lines) for _ in range(read))
            wait_until(lambda: len(model.requests) > 0)
        assert model.wait_closed()
        assert model.requests[0].closed_at is not None
