"""The two built-in agents: what their models are asked, and that both come to the same answer."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from catagent import config
from catagent.agents import cat_prompts
from catagent.agents.base import AgentRequest
from catagent.agents.open import open_agent
from catagent.models.context import ModelContext
from catagent.models.factory import Models
from catagent.models.spec import choose_model
from tests.support.scripts import ANSWER_TOKENS, cat, target
from tests.support.server import Request, ScriptedServer

pytestmark = pytest.mark.versions

AGENTS = ("cat", "cat-classic")


def play(agent: str, home: Path, **fields: Any) -> tuple[Any, list[Request]]:
    """Run an agent to its end over a scripted server; the result, and all requests."""
    with ScriptedServer(cat(tokens=3, joke=True)) as server:
        environ = {"CATAGENT_HOME": str(home), "OPENAI_BASE_URL": server.url}
        loaded = config.load({}, environ)
        spec = choose_model("openai:scripted", loaded.environ)

        async def run() -> Any:
            models = Models(spec, spec, ModelContext(loaded))
            made = open_agent(agent, AgentRequest("where is it?", models, **fields))
            result = await made.runnable.ainvoke(made.input, made.config)
            await models.aclose()
            return result

        return asyncio.run(run()), server.requests


def text_of(result: Any) -> str:
    return str(result["output"] if "output" in result else result["messages"][-1].text)


@pytest.mark.parametrize("agent", AGENTS)
def test_both_cat_agents_come_to_the_answer(agent: str, tmp_path: Path) -> None:
    result, _ = play(agent, tmp_path)
    assert text_of(result) == "".join(ANSWER_TOKENS)


@pytest.mark.parametrize("agent", AGENTS)
def test_the_cat_prompts_are_those_the_embedded_model_was_trained_on(
    agent: str, tmp_path: Path
) -> None:
    _, requests = play(agent, tmp_path)
    first = requests[0]
    assert first.messages == [
        {"role": "system", "content": cat_prompts.AGENT_SYSTEM},
        {"role": "user", "content": "where is it?"},
    ]
    assert [tool["function"]["description"] for tool in first.body["tools"]] == [
        cat_prompts.WHERE_DESCRIPTION,
        cat_prompts.ITEMS_DESCRIPTION,
        cat_prompts.JOKE_DESCRIPTION,
    ]
    asked = {target(request): request for request in requests if not request.tools}
    assert asked["where"].messages == [{"role": "user", "content": cat_prompts.WHERE_PROMPT}]
    assert asked["items"].prompt == cat_prompts.ITEMS_PROMPT.format(place="under the sofa")
    assert asked["joke"].prompt == cat_prompts.JOKE_PROMPT.format(topic="cats")


@pytest.mark.parametrize("agent", AGENTS)
def test_every_model_of_the_cat_agent_is_asked_to_stream(agent: str, tmp_path: Path) -> None:
    _, requests = play(agent, tmp_path)
    assert all(request.streams for request in requests if not request.tools)


def test_the_classic_agent_without_its_package_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['langchain_classic.agents'] = None\n"
        "from catagent.agents.open import open_agent\n"
        "try: open_agent('cat-classic', None)\n"
        "except Exception as error: print(type(error).__name__, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'UsageError pip install "catagent[classic]"'
