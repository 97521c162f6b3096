"""`catagent rerun`: the same is asked again, as far as a recording says it, and may say it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support import paused_agents
from tests.support.cli import catagent, environment, lines, on_terminal, with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer

FIXTURE = Path(__file__).parents[1] / "fixtures/v1/local.jsonl"
AGENT = """\
from langchain_core.runnables import RunnableLambda

open("imported", "w").close()


def answer(question, config):
    return f"{question} {config['configurable'].get('user')} {'pin' in config['configurable']}"


agent = RunnableLambda(answer)
"""
ASKED = ("--agent", "agent.py:agent", "--configurable", "user=ann", "--configurable", "pin=7")


def test_a_run_is_asked_again_as_it_was_but_for_what_is_given(tmp_path: Path) -> None:
    env = environment(tmp_path)
    (tmp_path / "agent.py").write_text(AGENT)
    asked = catagent("ask", "who?", *ASKED, "-m", "log", "--configurable", "auth=x9", env=env)
    started = lines(asked.stdout)[0]
    assert started["data"]["configurable"] == {"user": "ann", "pin": "7"}
    run = started["run_id"]
    code, shown = on_terminal("rerun", run[:8], "--configurable", "user=bob", env=env)
    assert code == 0
    assert "who? bob True" in shown
    again = lines(catagent("rerun", run, "--record", "again.jsonl", env=env).stdout)
    assert again[0]["data"] | {"thread_id": ""} == started["data"] | {"thread_id": ""}
    assert again[-1]["data"]["output"] == "who? ann True"
    kept = [each["id"] for each in lines(catagent("runs", env=env).stdout)]
    assert [kept[0], kept[2]] == [again[0]["run_id"], run]
    assert f"catagent diff {run[:8]} {kept[1][:8]}" in shown
    # A run that was killed says what it was asked, too.
    (tmp_path / "cut.jsonl").write_text("".join(asked.stdout.splitlines(keepends=True)[:2]))
    assert catagent("rerun", "cut.jsonl", "-o", "answer", env=env).stdout == "who? ann True\n"


def test_a_file_of_somebodys_is_not_believed(tmp_path: Path) -> None:
    env = environment(tmp_path)
    (tmp_path / "agent.py").write_text(AGENT)
    given = ("--agent", "agent.py:agent")
    catagent("ask", "who?", *ASKED, "--no-history", "--record", "run.jsonl", env=env)
    (tmp_path / "imported").unlink()
    refused = catagent("rerun", "run.jsonl", env=env)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "hint: --agent agent.py:agent" in refused.stderr
    assert not (tmp_path / "imported").exists()
    done = catagent("rerun", "run.jsonl", *given, "-o", "answer", env=env)
    assert done.stdout == "who? None False\n"
    assert "a file is not believed in these: --configurable" in done.stderr
    # A secret is not asked for by its mask.
    text = (tmp_path / "run.jsonl").read_text().replace("who?", "with [redacted]?")
    (tmp_path / "masked.jsonl").write_text(text)
    masked = catagent("rerun", "masked.jsonl", *given, env=env)
    assert masked.returncode == 2
    assert "[redacted] where a secret was" in masked.stderr
    # An agent of ours is asked, but not the model that the file names.
    text = text.replace("agent.py:agent", "cat").replace('"model":null', '"model":"local:/x.gguf"')
    (tmp_path / "ours.jsonl").write_text(text.replace("[redacted]", "it"))
    with ScriptedServer(cat()) as server:
        ours = catagent("rerun", "ours.jsonl", env=with_server(tmp_path, server.url))
    assert ours.returncode == 0
    assert lines(ours.stdout)[0]["data"]["model"] == "openai:gpt-4.1-mini"
    assert "not believed in these: --model" in ours.stderr


def test_the_run_of_a_tool_is_the_same_call_again(tmp_path: Path) -> None:
    with ScriptedServer(cat()) as server:
        env = with_server(tmp_path, server.url)
        catagent("tool", "get_items", "place=on a table", "--model", "gpt-x", env=env)
        again = lines(catagent("rerun", "last", env=env).stdout)
    assert again[0]["data"]["agent"] == "get_items"
    assert again[0]["data"]["tool_model"] == "openai:gpt-x"
    (called,) = (each for each in again if each["type"] == "tool.started")
    assert called["data"]["tool_input"] == {"place": "on a table"}


def test_what_answered_a_run_that_waited_is_asked_from_its_beginning(tmp_path: Path) -> None:
    env = environment(tmp_path)
    shutil.copy(paused_agents.__file__, tmp_path / "agents.py")
    asked = catagent("ask", "go", "--agent", "agents.py:batched", env=env)
    catagent("resume", "--answer", "approve", env=env)
    again = catagent("rerun", "last", env=env)
    assert again.returncode == 5
    first = lines(asked.stdout)[0]["run_id"]
    assert f"the run answered {first[:8]}, and is asked from the beginning" in again.stderr


@pytest.mark.parametrize("program", ["python trip.py --now", None])
def test_the_run_of_another_program_is_for_that_to_make_again(
    tmp_path: Path, program: str | None
) -> None:
    header, start, *rest = FIXTURE.read_text().splitlines()
    event = json.loads(start)
    event["data"] |= {"pid": 7, **({"program": program} if program else {})}
    watched = tmp_path / "watched.jsonl"
    watched.write_text("\n".join([header, json.dumps(event), *rest]))
    done = catagent("rerun", str(watched), env=environment(tmp_path))
    assert done.returncode == 2
    again = f"catagent watch -- {program}" if program else "catagent watch"
    assert f"hint: {again}; or --agent" in done.stderr


TOOLS = """\
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def where_cat_is_hiding() -> str:
    "Where the cat is."
    open("called", "a").close()
    return "{place}"


agent = create_agent(ChatOpenAI(model="gpt-4o-mini"), [where_cat_is_hiding])
"""


def test_a_frozen_run_asks_no_model_and_says_what_was_not_recorded(tmp_path: Path) -> None:
    """In an environment without a key or a server, of a file, with the code as it is by then."""
    (tmp_path / "agent.py").write_text(TOOLS.format(place="under the bed"))
    given = ("--agent", "agent.py:agent")
    with ScriptedServer(cat()) as server:
        env = with_server(tmp_path, server.url)
        asked = catagent("ask", "where?", *given, "--record", "run.jsonl", env=env)
    (tmp_path / "called").unlink()
    env = environment(tmp_path / "elsewhere")
    env["HOME"] = str(tmp_path)
    again = catagent("rerun", "run.jsonl", "--frozen", *given, env=env)
    assert again.returncode == 0, again.stderr
    assert not (tmp_path / "called").exists()
    a, b = (lines(each.stdout) for each in (asked, again))
    assert [each["type"] for each in a] == [each["type"] for each in b]
    assert b[-1]["data"]["output"] == a[-1]["data"]["output"] != ""
    (tmp_path / "agent.py").write_text(TOOLS.format(place="in the garden"))
    run = ("--run-tools", "where_cat_is_hiding")
    changed = catagent("rerun", "run.jsonl", "--frozen", *run, *given, "-o", "answer", env=env)
    assert changed.returncode == 1
    assert (tmp_path / "called").exists()
    assert "not recorded" in changed.stderr
    assert "in the garden" in changed.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--run-tools", "all"), "--run-tools is for a run that is --frozen"),
        (("--frozen", "--model", "gpt"), "--model is asked, and no model is with --frozen"),
    ],
)
def test_what_does_not_go_together_is_said(
    tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    done = catagent("rerun", str(FIXTURE), *given, env=environment(tmp_path))
    assert done.returncode == 2
    assert said in done.stderr
