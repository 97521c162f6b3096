"""The two built-in agents: what their models are asked, and that both come to the same answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from catagent.agents import cat_prompts
from catagent.loading.installing import install
from tests.support.models import ask_agent
from tests.support.scripts import ANSWER_TOKENS, cat, target

pytestmark = pytest.mark.versions

AGENTS = ("cat", "cat-classic")
SCRIPT = cat(tokens=3, joke=True)


def text_of(result: Any) -> str:
    return str(result["output"] if "output" in result else result["messages"][-1].text)


@pytest.mark.parametrize("agent", AGENTS)
def test_both_cat_agents_come_to_the_answer(agent: str, tmp_path: Path) -> None:
    result, _ = ask_agent(agent, tmp_path, SCRIPT)
    assert text_of(result) == "".join(ANSWER_TOKENS)


@pytest.mark.parametrize("agent", AGENTS)
def test_the_cat_prompts_are_those_the_embedded_model_was_trained_on(
    agent: str, tmp_path: Path
) -> None:
    _, requests = ask_agent(agent, tmp_path, SCRIPT)
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
    _, requests = ask_agent(agent, tmp_path, SCRIPT)
    assert all(request.streams for request in requests if not request.tools)


def test_the_classic_agent_without_its_package_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['langchain_classic.agents'] = None\n"
        "from catagent.agents.open import open_agent\n"
        "try: open_agent('cat-classic', None)\n"
        "except Exception as error: print(type(error).__name__, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"UsageError {install('langchain-classic')}"
