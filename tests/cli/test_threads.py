"""`ask --thread` and `--continue`: a conversation over several processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import catagent, environment, lines, with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer


def test_a_thread_goes_on_as_it_was_asked_before(tmp_path: Path) -> None:
    with ScriptedServer(cat()) as server:
        env = with_server(tmp_path, server.url)
        first = catagent("ask", "--thread", "cats", "--mode", "steps", "where is it?", env=env)
        then = catagent("ask", "--continue", "and now?", env=env)
        asked = json.dumps(server.requests[-1].body)
    assert (first.returncode, then.returncode) == (0, 0), then.stderr
    began = [lines(done.stdout)[0]["data"] for done in (first, then)]
    assert began[0]["thread_id"] == began[1]["thread_id"]
    assert [each["mode"] for each in began] == ["steps", "steps"]
    assert "where is it?" in asked


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--continue", "--thread", "a"], "name a thread each"),
        (["--thread", "a", "--no-history"], "--no-history keeps nothing"),
        (["--continue"], "no thread was kept yet"),
    ],
)
def test_a_thread_that_cannot_be_is_refused(tmp_path: Path, options: list[str], said: str) -> None:
    done = catagent("ask", *options, "a question", env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
