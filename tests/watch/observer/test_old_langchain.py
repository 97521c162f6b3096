"""The how-to of 2024 on the LangChain of its time and those after it, in environments of their own.

They are made once, in build/watched, by uv: where that is not at hand, or reaches no index, there
is nothing to try this on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.observed import environment, models, read, runs
from tests.support.scripts import ANSWER_TOKENS, cat
from tests.support.server import ScriptedServer

ROOT = Path(__file__).parents[3]
VERSIONS = {
    "0.1": ("langchain==0.1.20", "langchain-core==0.1.53", "langchain-openai==0.1.7"),
    "0.2": ("langchain<0.3", "langchain-core==0.2.43", "langchain-openai<0.2", "langgraph<0.3"),
    "0.3": ("langchain<1", "langchain-core==0.3.86", "langchain-openai<1", "langgraph<0.7"),
}
HOW_TO = """
    import asyncio
    from langchain import agents
    from langchain.tools import tool
    from langchain_core.callbacks import Callbacks
    from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model="stub", streaming=True)

    @tool
    async def where_cat_is_hiding(callbacks: Callbacks) -> str:
        "Where is the cat hiding right now?"
        named = model.with_config({"callbacks": callbacks})
        return "".join([chunk.content async for chunk in named.astream("Make up a place.")])

    @tool
    async def get_items(place: str, callbacks: Callbacks) -> str:
        "Look up which items are in the given place."
        chain = ChatPromptTemplate.from_messages([("human", "what is in {place}?")]) | model
        config = {"callbacks": callbacks}
        return "".join([chunk.content async for chunk in chain.astream({"place": place}, config)])

    human, scratchpad = ("human", "{input}"), MessagesPlaceholder("agent_scratchpad")
    prompt = ChatPromptTemplate.from_messages([human, scratchpad])
    tools = [get_items, where_cat_is_hiding]
    agent = agents.create_openai_tools_agent(model, tools, prompt)
    executor = agents.AgentExecutor(agent=agent, tools=tools)
    print(asyncio.run(executor.ainvoke({"input": "where is the cat?"}))["output"])
"""


def python_of(version: str) -> Path:
    """The Python of an environment with that LangChain."""
    folder = ROOT / "build/watched" / version
    python = folder / "bin/python"
    uv = shutil.which("uv", path=f"{ROOT / 'build/uv/bin'}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not at hand")
    settings = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}
    make = [uv, "venv", "-q", "--allow-existing", "--python", sys.executable, str(folder)]
    install = [uv, "pip", "install", "-q", "--python", str(python), *VERSIONS[version]]
    for command in (make, install):
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no environment: {done.stderr}")
    return python


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", VERSIONS)
def test_each_event_is_recorded_once_on_an_old_langchain(version: str, tmp_path: Path) -> None:
    """On 0.1, callbacks that are handed on by hand are called twice for one thing."""
    python, program = python_of(version), tmp_path / "program.py"
    program.write_text(dedent(HOW_TO), encoding="utf-8")
    folder = tmp_path / "records"
    folder.mkdir(mode=0o700)
    with ScriptedServer(cat()) as server:
        keys = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "a-key-of-tests"}
        environ = environment(folder, **keys)
        done = subprocess.run([python, program], env=environ, capture_output=True, check=False)
    assert done.stdout.decode() == "".join(ANSWER_TOKENS) + "\n", done.stderr.decode()
    [found] = read(folder).values()
    assert all(len(run.ends) == 1 for run in runs(found))
    assert len({run.about["id"] for run in runs(found)}) == len(runs(found))
    joke = ["j0 ", "j1 ", "j2 "]
    written = [[token for token in run.tokens if token] for run in models(found)]
    assert written == [[], joke, [], joke, list(ANSWER_TOKENS)]
    assert "lost" not in {record[0] for record in found}
