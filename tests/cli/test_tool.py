"""`catagent tool`: one tool on its own, in every output."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import catagent, environment, lines, text_of, with_server
from tests.support.scripts import cat, tokens_of
from tests.support.server import ScriptedServer

pytestmark = pytest.mark.versions


def test_tool_alone_lists_the_tools_and_their_arguments(tmp_path: Path) -> None:
    done = catagent("tool", env=environment(tmp_path))
    assert done.returncode == 0
    heads = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert heads == [
        "where_cat_is_hiding",
        "get_items place=<string>",
        "tell_me_a_joke_about topic=<string>",
    ]


@pytest.mark.parametrize("mode", ["events", "log"])
def test_a_tool_runs_and_streams_what_its_model_writes(tmp_path: Path, mode: str) -> None:
    """The model's tokens are inside the tool's run; its output is the answer."""
    with ScriptedServer(cat(tokens=30)) as server:
        env = with_server(tmp_path, server.url)
        done = catagent("tool", "get_items", "place=on a table", "--mode", mode, env=env)
    events = lines(done.stdout)
    assert done.returncode == 0
    started = next(event for event in events if event["type"] == "tool.started")
    assert started["data"]["tool_input"] == {"place": "on a table"}
    text = "".join(tokens_of(0, 30))
    assert text_of(events, started["tool_call_id"]) == text
    assert events[-1]["data"]["output"] == text.strip()


def test_tool_prints_the_answer_alone(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=3)) as server:
        env = with_server(tmp_path, server.url)
        done = catagent("tool", "get_items", "place=x", "-o", "answer", env=env)
    assert (done.returncode, done.stdout) == (0, "t0 t1 t2\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["get_itmes", "place=x"], "get_items"),
        (["get_items", "plac=x"], "place=<string>"),
        (["get_items"], "place"),
        (["get_items", "on a table"], "name=value"),
    ],
)
def test_a_mistake_in_tool_arguments_is_a_usage_error_with_a_hint(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    env = with_server(tmp_path, "http://127.0.0.1:9/v1")
    done = catagent("tool", *arguments, "-o", "answer", env=env)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_custom_tool_needs_no_model(tmp_path: Path) -> None:
    """Without a key the embedded model would be loaded, or even fetched, for nothing."""
    (tmp_path / "own.py").write_text(
        'def shout(text: str) -> str:\n    """Shout."""\n    return text.upper()\n'
    )
    env = environment(tmp_path, CATAGENT_LOCAL_MODEL=str(tmp_path / "missing.gguf"))
    done = catagent("tool", "own:shout", "text=hi", "-o", "answer", env=env)
    assert (done.stdout, done.stderr, done.returncode) == ("HI\n", "", 0)
