"""`--max-tokens` and `--max-cost`, as a user runs them: a real process, a real server."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import catagent, environment, lines, quiet
from tests.support.replies import Reply
from tests.support.scripts import WHERE_TOKENS, cat, endless
from tests.support.server import Request, ScriptedServer

AGENTS = ["cat", "cat-classic"]
MODES = ["steps", "log", "events"]
PRICED = "openai:gpt-4.1-mini"
MINE = """
from langchain_core.language_models import FakeListChatModel
agent = FakeListChatModel(responses=["hi"])
"""


def total(events: list[dict[str, Any]]) -> int:
    """The tokens of all finished model calls."""
    usages = (e["data"]["usage"] for e in events if e["type"] == "llm.finished")
    return sum(usage["total_tokens"] for usage in usages)


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("mode", MODES)
def test_no_model_is_asked_once_the_tokens_are_used(tmp_path: Path, agent: str, mode: str) -> None:
    """Those of models in tools count too. Ten in and three out each, or ten and two."""
    with ScriptedServer(endless()) as server:
        given = ["--agent", agent, "--mode", mode, "--max-tokens", "40"]
        done = catagent("ask", "where?", *given, env=quiet(tmp_path, server))
        asked = len(server.requests)
    events = lines(done.stdout)
    end = events[-1]["data"]
    assert (done.returncode, end["status"], end["error"]["kind"]) == (3, "limit", "agent")
    used = total(events)
    assert (asked, used) == (4, 50)
    said = f"The run used {used:,} tokens, and --max-tokens allows 40."
    assert end["error"]["message"] == said
    assert done.stderr == f"catagent: error: {said}\n  hint: allow more with --max-tokens N\n"


@pytest.mark.parametrize("agent", AGENTS)
def test_a_last_answer_may_go_over(tmp_path: Path, agent: str) -> None:
    with ScriptedServer(cat(30)) as server:
        env = quiet(tmp_path, server)
        events = lines(catagent("ask", "where?", "--agent", agent, env=env).stdout)
        used = total(events)
        last = catagent("ask", "where?", "-a", agent, "--max-tokens", str(used - 1), env=env)
    assert (last.returncode, lines(last.stdout)[-1]["data"]["status"]) == (0, "success")


def test_a_tool_on_its_own_is_limited_as_well(tmp_path: Path) -> None:
    """It asks one model, once; so what is refused is its first request, and that has a price."""
    with ScriptedServer(lambda _: Reply(WHERE_TOKENS)) as server:
        env = quiet(tmp_path, server)
        given = ["tool", "where_cat_is_hiding", "--max-tokens", "5", "--max-cost", "1"]
        done = catagent(*given, "--model", PRICED, env=env)
        refused = catagent(*given, "--model", "openai:scripted", env=env)
    assert done.returncode == 0
    assert (refused.returncode, refused.stdout) == (2, "")


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("mode", MODES)
def test_no_model_is_asked_once_the_money_is_spent(tmp_path: Path, agent: str, mode: str) -> None:
    """0.40 dollars a million tokens in, 1.60 a million out: 0.0000072 and 0.0000088 a call."""
    with ScriptedServer(endless()) as server:
        given = ["--agent", agent, "--mode", mode, "--model", PRICED, "--max-cost", "0.00003"]
        done = catagent("ask", "where?", *given, env=quiet(tmp_path, server))
        asked = len(server.requests)
    end = lines(done.stdout)[-1]["data"]
    assert (done.returncode, end["status"], asked) == (3, "limit", 4)
    said = "The run cost $0.000032 by list prices, and --max-cost allows $0.00003."
    assert end["error"]["message"] == said
    assert "hint: allow more with --max-cost USD" in done.stderr


def test_what_has_no_price_is_refused_before_the_run(tmp_path: Path) -> None:
    with ScriptedServer(cat()) as server:
        given = ["--max-cost", "1", "--model", PRICED, "--tool-model", "openai:my-own"]
        done = catagent("ask", "where?", *given, env=quiet(tmp_path, server))
        assert server.requests == []
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "catagent: error: There is no price for the model my-own, so --max-cost cannot count what "
        "it costs.\n  hint: limit it with --max-tokens N instead\n"
    )


def test_an_agent_that_brings_a_model_without_a_price_is_stopped_at_its_first_request(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    env = environment(tmp_path, CATAGENT_HISTORY="false")
    env["PYTHONPATH"] += f"{os.pathsep}{tmp_path}"
    done = catagent("ask", "where?", "--agent", "mine:agent", "--max-cost", "1", env=env)
    events = lines(done.stdout)
    end = events[-1]["data"]
    assert (done.returncode, end["status"], end["error"]["kind"]) == (2, "error", "user")
    assert "no price for the model" in end["error"]["message"]
    assert not any(event["type"] == "llm.started" for event in events)


@pytest.mark.parametrize("agent", AGENTS)
def test_usage_that_nobody_gave_is_said_once(tmp_path: Path, agent: str) -> None:
    whole = cat(3)

    def script(request: Request) -> Reply:
        return dataclasses.replace(whole(request), usage=False)

    with ScriptedServer(script) as server:
        given = ["--agent", agent, "--max-tokens", "1"]
        done = catagent("ask", "where?", *given, env=quiet(tmp_path, server))
    said = "gpt-4.1-mini did not say how many tokens it used: --max-tokens cannot count them."
    warnings = [e["data"] for e in lines(done.stdout) if e["type"] == "warning"]
    assert (done.returncode, done.stderr) == (0, "")
    assert [(each["code"], each["message"]) for each in warnings] == [("uncounted_usage", said)]
