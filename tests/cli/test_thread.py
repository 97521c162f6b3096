"""`ask --thread` and `--continue`: a conversation over several processes, and what it remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import catagent, environment, lines

AGENTS = """
import threading
from typing import Any
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import MemorySaver
from langgraph.graph import START, MessagesState, StateGraph


class State(MessagesState):
    lock: Any


def made(step, **options):
    return StateGraph(State).add_node("step", step).add_edge(START, "step").compile(**options)


def tell(state):
    return {"messages": [AIMessage("+".join(m.content for m in state["messages"]))]}


remembers, other = made(tell, checkpointer=MemorySaver()), made(tell)
locks = made(lambda state: {"lock": threading.Lock()})


forgets = RunnableLambda(lambda question: "nothing")
"""


def test_a_conversation_goes_on_in_another_process_and_folder(tmp_path: Path) -> None:
    (tmp_path / "agents.py").write_text(AGENTS)
    (tmp_path / "elsewhere").mkdir()
    env, agent = environment(tmp_path), f"{tmp_path}/agents.py:"
    elsewhere = environment(tmp_path / "elsewhere", CATAGENT_HOME=str(tmp_path))
    named = ("ask", "--thread", "cats", "--agent", "agents.py:remembers", "a b")
    first = catagent(*named, env=env)
    assert first.returncode == 0, first.stderr
    second = catagent("ask", "--continue", "c d", env=elsewhere)
    assert lines(second.stdout)[-1]["data"]["output"] == "a b+a b+c d"
    begun = [lines(run.stdout)[0]["data"]["thread_id"] for run in (first, second)]
    assert begun[0] == begun[1]
    refused = catagent("ask", "--thread", "cats", "--agent", f"{agent}other", "e f", env=env)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"the thread cats is a conversation with {agent}remembers" in refused.stderr


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--agent", "agents.py:locks"), 1, "The state of the agent cannot be stored: lock."),
        (("--agent", "agents.py:forgets"), 2, "the agent has no memory"),
        (("--no-history",), 2, "a thread is kept, and --no-history keeps nothing"),
        (("--continue",), 2, "--continue and --thread name a thread each"),
    ],
    ids=["lock", "no graph", "no history", "twice"],
)
def test_what_cannot_be_kept_is_said(
    tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "agents.py").write_text(AGENTS)
    asked = ("ask", "--thread", "cats", *options, "a b")
    result = catagent(*asked, env=environment(tmp_path))
    assert (result.returncode, said in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.stderr
