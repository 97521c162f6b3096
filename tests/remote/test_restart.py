"""A server that ends under a run: one that comes back with the run, and one without."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cli import environment
from tests.support.langgraph_dev import Server
from tests.support.warm import Done, Warm


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of their own."""
    with Server(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def interrupted(server: Server, warm: Warm, tmp_path: Path) -> Callable[[signal.Signals], Done]:
    """Asks the slow agent, and restarts the server in the midst of its tokens."""

    def run(how: signal.Signals) -> Done:
        options = ("--configurable", "tokens=60", "--agent", f"{server.url}/slow", "-o", "jsonl")
        run = warm.spawn(["ask", "go", *options], environment(tmp_path))
        run.wait_for(b'"t3 "')
        server.end(how)
        if how == signal.SIGKILL:  # every ten seconds it writes what it knows, so perhaps has not
            shutil.rmtree(server.folder / ".langgraph_api")
        server.restart()
        return run.wait(90)

    return run


def test_a_run_goes_on_where_its_server_was_ended_in_order_and_comes_back(
    interrupted: Callable[[signal.Signals], Done],
) -> None:
    """From its last checkpoint: a node that was under way begins anew."""
    done = interrupted(signal.SIGTERM)
    assert done.code == 0, done.err
    tokens = [each["data"]["delta"] for each in done.events if each["type"] == "llm.token"]
    begun_anew = tokens.index("t0 ", 1)
    assert tokens[:begun_anew] == [f"t{i} " for i in range(begun_anew)]
    assert tokens[begun_anew:] == [f"t{i} " for i in range(60)]


def test_a_run_that_its_server_has_forgotten_fails_with_what_came_so_far(
    interrupted: Callable[[signal.Signals], Done],
) -> None:
    """As `langgraph dev` has forgotten, where it is killed, what is younger than ten seconds."""
    done = interrupted(signal.SIGKILL)
    assert done.code == 1
    [*so_far, error, finished] = done.events
    assert "t3 " in [each["data"].get("delta") for each in so_far]
    assert error["data"]["error"]["kind"] == "network"
    assert finished["data"]["status"] == "error"
    assert b"hint: " in done.err
