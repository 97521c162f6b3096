"""A thread that an agent keeps by itself, turn after turn, in our interpreter and in another."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from catagent.config import load
from catagent.events.filters import Filters
from catagent.models.spec import choose_model
from catagent.run.request import Request
from catagent.run.turns import kind_of_run
from tests.support.interpreters import twin

STOPPED = "The turn was stopped before this tool returned."
AGENT = """
import contextlib, json, threading, time
from pathlib import Path
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

RETURNS = threading.Event()

class Model(BaseChatModel):
    _llm_type = "scripted"

    def bind_tools(self, tools, **options):
        return self

    def _generate(self, messages, *more, **options):
        said = [m.text if not getattr(m, "tool_calls", None) else "calls" for m in messages]
        Path("said.json").write_text(json.dumps(said))
        calls = [{"name": name, "args": {}, "id": name} for name in ("quick", "broken")]
        answer = AIMessage("", tool_calls=calls) if said[-1] == "fail" else AIMessage("an answer")
        return ChatResult(generations=[ChatGeneration(message=answer)])

def quick():
    "Return at once."
    RETURNS.set()
    return "quickly"

def broken():
    "Raise, once what the other returns is kept."
    RETURNS.wait(30)
    time.sleep(0.5)
    raise RuntimeError("broken")

@contextlib.asynccontextmanager
async def agent():
    async with AsyncSqliteSaver.from_conn_string("own.sqlite") as saver:
        yield create_agent(Model(), [quick, broken], checkpointer=saver)
"""


def request(question: str, python: Path | None) -> Request:
    """Ask it in its thread 7."""
    model = choose_model("openai:gpt", {})
    return Request(
        agent="own.py:agent",
        question=question,
        configurable={"thread_id": "7"},
        model=model,
        tool_model=model,
        filters=Filters(),
        python=python,
    )


@pytest.mark.parametrize("elsewhere", [False, pytest.param(True, marks=pytest.mark.full)])
def test_an_agents_own_thread_goes_on_after_a_failure_and_is_undone(
    elsewhere: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.py").write_text(AGENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "own", raising=False)
    python = twin(tmp_path / "other") if elsewhere else None

    def turn(question: str) -> str:
        run = kind_of_run(asked := request(question, python))(asked, load({}))
        return asyncio.run(run.drive()).data.status

    def said() -> Any:
        """What the model was sent at last, a call as that."""
        return json.loads(Path("said.json").read_text())

    def undo() -> None:
        asyncio.run(kind_of_run(asked := request("", python))(asked, load({})).undo())

    assert [*map(turn, ("fail", "again"))] == ["error", "success"]
    failed = ["fail", "calls", "quickly", STOPPED]
    assert said() == [*failed, "again"]
    undo()
    turn("once more")
    assert said() == [*failed, "once more"]
    if elsewhere:  # each of these begins a process
        return
    undo()
    undo()
    turn("the first")
    assert said() == ["the first"]
