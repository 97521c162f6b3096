"""Two processes in one thread, one that is killed there, and one whose disk is full."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, catagent, environment
from tests.support.waiting import wait_until

AGENT = """
import asyncio
from pathlib import Path
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

async def tell(state):
    asked = state["messages"][-1].content
    Path(f"begun {asked}").touch()
    while asked.startswith("hold") and not Path(f"go on {asked}").exists():
        await asyncio.sleep(0.02)
    return {"messages": [AIMessage("+".join(m.content for m in state["messages"]))]}

agent = StateGraph(MessagesState).add_node("tell", tell).add_edge(START, "tell").compile()
"""


def _is_kept(home: Path, text: str) -> bool:
    (path,) = (home / "state/threads").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as database:
        query = "SELECT count(*) FROM checkpoints WHERE instr(checkpoint, ?)"
        return int(database.execute(query, [text]).fetchone()[0]) > 1  # as it came, and as taken in


@pytest.mark.timeout(240)  # six processes, of which each loads LangGraph
def test_one_run_at_a_time_goes_on_in_a_thread_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "told.py").write_text(AGENT)
    env, asked = environment(tmp_path), ("ask", "--thread", "t", "-o", "answer")

    def begin(question: str, *more: str) -> subprocess.Popen[str]:
        command = [*COMMAND, *asked, *more, question]
        with (tmp_path / f"errors {question}").open("w") as errors:
            return subprocess.Popen(
                command, env=env, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=errors
            )

    first = begin("hold one", "-a", "told.py:agent")
    wait_until(lambda: (tmp_path / "begun hold one").exists())
    second = begin("two is asked", "-o", "plain")
    assert second.stdout is not None
    while "another run goes on in the thread t" not in second.stdout.readline():
        assert second.poll() is None
    assert not (tmp_path / "begun two is asked").exists()
    (tmp_path / "go on hold one").touch()
    assert first.communicate()[0] == "hold one\n"
    assert "hold one+hold one+two is asked\n" in second.communicate()[0]

    killed = begin("hold three")
    wait_until(lambda: _is_kept(tmp_path, "hold three"))
    killed.kill()
    killed.communicate()
    limited = ["bash", "-c", 'ulimit -f 20; exec "$@"', "-", *COMMAND, *asked, "x" * 40_000]
    env.pop("COVERAGE_PROCESS_CONFIG", None)  # it would write files of its own
    full = subprocess.run(limited, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert full.returncode == 1
    assert "cannot be used" in full.stderr
    assert "Traceback" not in full.stderr
    last = catagent(*asked, "and four", env=env)
    assert last.returncode == 0, last.stderr
    assert last.stdout.endswith("two is asked+hold three+and four\n")
