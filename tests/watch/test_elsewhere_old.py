"""`ask` of agents on the LangChain of 2024 and 2025, in environments of their own."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.support import scripts
from tests.support.cli import catagent, environment, lines, text_of
from tests.support.server import ScriptedServer
from tests.watch.observer.test_old_langchain import HOW_TO, VERSIONS, python_of


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", VERSIONS)
def test_an_agent_of_its_time_is_shown_token_by_token(version: str, tmp_path: Path) -> None:
    """Its models stream, though nothing in it asks them to."""
    agent = dedent(HOW_TO).replace(", streaming=True", "").rpartition("print(")[0]
    (tmp_path / "agent.py").write_text(agent)
    python = python_of(version)
    with ScriptedServer(scripts.cat()) as server:
        keys = {"OPENAI_API_KEY": "a-key-of-tests", "OPENAI_BASE_URL": server.url}
        env = environment(tmp_path, TMPDIR=str(tmp_path), **keys)
        asked = ("ask", "-o", "jsonl", "--agent", "agent.py:executor", "--python", str(python))
        result = catagent(*asked, "where is the cat?", env=env, timeout=300)
    events = lines(result.stdout)
    assert result.returncode == 0, result.stderr
    assert events[-1]["data"]["output"] == "".join(scripts.ANSWER_TOKENS)
    tools = [event["tool_call_id"] for event in events if event["type"] == "tool.started"]
    assert [text_of(events, call) for call in tools] == ["".join(scripts.JOKE_TOKENS)] * 2
    assert text_of(events, None) == "".join(scripts.ANSWER_TOKENS)
    langchain = events[0]["data"]["versions"]["langchain-core"]
    assert langchain.startswith(version + ".")
