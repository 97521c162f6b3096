"""What people bring with --agent: every shape of it is run, and what cannot be is explained."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from catagent.agents.open import AgentRequest, open_agent
from catagent.config import Mode
from catagent.errors import UsageError
from catagent.events import types as ev
from catagent.sources.base import AgentRun
from tests.support.agents import MODES, collect
from tests.support.models import opened_models

pytestmark = pytest.mark.versions

MODULE = '''
from typing import TypedDict
from langchain_core.agents import AgentFinish
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import END, START, MessagesState, StateGraph
from pydantic import BaseModel

def say(state):
    return {"messages": [AIMessage("graph: " + state["messages"][-1].text)]}

uncompiled = StateGraph(MessagesState).add_node("say", say).add_edge(START, "say")
graph = uncompiled.add_edge("say", END).compile()

class Topic(TypedDict):
    topic: str
    answer: str

def work(state):
    return {"answer": "topic: " + state["topic"]}

typed = StateGraph(Topic).add_node("work", work).add_edge(START, "work").compile()

echo = RunnableLambda(lambda text: f"echo: {text}")
prompt = ChatPromptTemplate.from_messages([("human", "{question}")]) | RunnableLambda(
    lambda value: "prompted: " + value.to_messages()[-1].text
)
ambiguous = ChatPromptTemplate.from_messages([("human", "{left} {right}")])

@tool
def shout(text: str) -> str:
    """Shout."""
    return text.upper()

tools = [shout]

def factory():
    return echo

def with_models(model, tool_model=None):
    return RunnableLambda(lambda text: f"{type(model).__name__}: {text}")

def demanding(database):
    return echo

text_of_graph = graph | RunnableLambda(lambda state: state["messages"][-1].text)
persistent = uncompiled.compile(checkpointer=InMemorySaver())
retried = graph.with_retry()
wordy = RunnableLambda(lambda text: {"messages": [("human", text)]}) | retried

def executor():
    from langchain_classic.agents import AgentExecutor
    return AgentExecutor(agent=RunnableLambda(finish), tools=tools)

def finish(values):
    return AgentFinish({"output": "executor: " + values["input"]}, "")

def tagged():
    return executor().with_config(tags=["mine"])

def chained():
    return executor() | RunnableLambda(lambda result: result["output"])

@entrypoint()
async def workflow(question):
    return "workflow: " + question

number = 42
bad_tools = [42]
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "brought.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "brought", raising=False)
    return tmp_path


def opened(name: str, folder: Path, **environ: str) -> AgentRun:
    thread = RunnableConfig(configurable={"thread_id": "1"})

    async def run() -> AgentRun:
        async with opened_models(folder, environ) as models:
            request = AgentRequest("where?", models, config=thread, max_steps=7)
            async with open_agent(f"brought:{name}", request) as made:
                return made

    return asyncio.run(run())


def answer_of(run: AgentRun) -> Any:
    return asyncio.run(run.runnable.ainvoke(run.input, run.config))


@pytest.mark.parametrize(
    ("name", "shape", "answer"),
    [
        ("echo", "other", "echo: where?"),
        ("prompt", "other", "prompted: where?"),
        ("factory", "other", "echo: where?"),
    ],
)
def test_any_runnable_gets_the_question_in_the_form_it_takes(
    folder: Path, name: str, shape: str, answer: str
) -> None:
    """No key is needed: a model is built only for a factory that asks for one."""
    run = opened(name, folder)
    assert run.shape == shape
    assert run.max_steps == 7
    assert answer_of(run) == answer


@pytest.mark.parametrize("name", ["graph", "uncompiled"])
def test_a_graph_of_messages_gets_a_message(folder: Path, name: str) -> None:
    run = opened(name, folder)
    assert run.shape == "graph"
    assert answer_of(run)["messages"][-1].text == "graph: where?"


def test_a_graph_with_a_state_of_its_own_gets_the_question_under_its_key(folder: Path) -> None:
    run = opened("typed", folder)
    assert (run.shape, run.input) == ("graph", {"topic": "where?"})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("name", "shape", "answer"),
    [
        ("typed", "graph", "topic: where?"),
        ("persistent", "graph", "graph: where?"),
        ("retried", "graph", "graph: where?"),
        ("text_of_graph", "other", "graph: where?"),
        ("wordy", "other", "graph: where?"),
        ("workflow", "graph", "workflow: where?"),
        ("executor", "executor", "executor: where?"),
        ("tagged", "executor", "executor: where?"),
        ("chained", "other", "executor: where?"),
    ],
)
def test_wrapped_graphs_and_executors_answer(
    folder: Path, name: str, shape: str, answer: str, mode: Mode
) -> None:
    run = opened(name, folder)
    assert run.shape == shape
    outcome = asyncio.run(collect(mode, run))
    assert outcome.error is None
    assert [event.data.output for event in outcome.of(ev.Answer)] == [answer]


def test_a_list_of_tools_becomes_an_agent(folder: Path) -> None:
    run = opened("tools", folder, OPENAI_API_KEY="test")
    assert run.shape == "graph"
    assert "messages" in run.input


def test_a_factory_gets_the_models_that_it_asks_for(folder: Path) -> None:
    run = opened("with_models", folder, OPENAI_API_KEY="test")
    assert answer_of(run) == "StreamingChatOpenAI: where?"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ambiguous", "takes left: str, right: str"),
        ("demanding", "wants an argument called 'database'"),
        ("number", "is an object of class int"),
        ("bad_tools", "has an object of class int among its tools"),
        ("nothing", "has no attribute 'nothing'"),
    ],
)
def test_an_agent_that_cannot_be_run_is_explained(folder: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        opened(name, folder, OPENAI_API_KEY="test")
    assert message in raised.value.message
