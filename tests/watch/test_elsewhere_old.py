"""`ask` of agents on the LangChain of 2024 and 2025, in environments of their own."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.support import scripts
from tests.support.cli import catagent, environment, lines, text_of
from tests.support.server import ScriptedServer
from tests.watch.observer.test_old_langchain import HOW_TO, VERSIONS, python_of

WRITING = """
from typing import TypedDict
from langchain_core.runnables import RunnableLambda
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph

State = TypedDict("State", {"question": str, "answer": str})

def node(state):
    get_stream_writer()({"asks": state["question"]})
    return {"answer": "a cat"}

graph = StateGraph(State).add_node("node", node).add_edge(START, "node").compile()
agent = graph | RunnableLambda(lambda state: sorted(state))
"""


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


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", ["0.2", "0.3"])
def test_what_a_node_writes_is_seen_with_its_node(version: str, tmp_path: Path) -> None:
    """And what follows a graph in a chain gets its last state."""
    (tmp_path / "agent.py").write_text(WRITING)
    asked = ("ask", "-o", "jsonl", "--agent", "agent.py:agent")
    python = ("--python", str(python_of(version)))
    env = environment(tmp_path, TMPDIR=str(tmp_path))
    result = catagent(*asked, *python, "where?", env=env, timeout=300)
    events = lines(result.stdout)
    [written] = [event for event in events if event["data"].get("kind") == "custom"]
    assert (written["data"]["content"], written["tags"]) == ({"asks": "where?"}, ["graph:step:1"])
    assert events[-1]["data"]["output"] == '["answer","question"]', result.stderr
