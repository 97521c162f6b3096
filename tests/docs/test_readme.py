"""The README's examples are run, as they stand there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import with_command, with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
EXAMPLES = [
    line for block in BLOCKS for line in block.splitlines() if re.search(r"\bcatagent [\w\"]", line)
]
AGENT = """
from langchain_core.runnables import RunnableLambda
agent = RunnableLambda(lambda question: "an answer")
"""
GRAPH = """
from dataclasses import dataclass
from typing import TypedDict
from langgraph.graph import START, StateGraph

class State(TypedDict):
    topic: str
    depth: int

@dataclass
class Context:
    user_id: str = "nobody"

graph = StateGraph(State, context_schema=Context)
graph = graph.add_node("deepen", lambda state: {"depth": state["depth"] + 1})
graph = graph.add_edge(START, "deepen").compile()
"""


def test_the_readme_has_examples() -> None:
    """A README whose examples are no longer found would pass by running none."""
    assert len(EXAMPLES) > 15


@pytest.mark.timeout(360)  # some twenty processes, one after the other
def test_every_example_of_the_readme_works_in_order(tmp_path: Path) -> None:
    """One folder, one shell after another: later examples use what earlier ones wrote."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "my_module.py").write_text(AGENT)
    (tmp_path / "my_graph.py").write_text(GRAPH)
    (tmp_path / "input.json").write_text('{"topic": "cats", "depth": 2}')
    (tmp_path / "my_program.py").write_text(f'{AGENT}\nagent.invoke("a question")\n')
    (tmp_path / "langgraph.json").write_text(
        '{"graphs": {"my_agent": "my_package/my_module.py:agent"}}'
    )
    with ScriptedServer(cat()) as server:
        env = with_command(tmp_path, with_server(tmp_path, server.url))
        for example in EXAMPLES:
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", _runnable(example)],
                env=env,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=90,
                check=False,
            )
            assert done.returncode == 0, f"{example}\n{done.stderr}"
            assert "Traceback" not in done.stderr


def _runnable(example: str) -> str:
    """Without jq, which may be missing here, the reader of a pipe is cat."""
    return re.sub(r"\| jq .*", "| cat", example)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", README))
def test_every_link_of_the_documents_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
