"""The examples of README, and of the pages for beginners, are run as they stand there."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

import pytest
from rich.console import Console
from rich.markdown import Markdown

from tests.support.cli import with_command, with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    "README.md",
    "docs/index.md",
    "docs/getting-started.md",
    "docs/filters.md",
    "docs/models.md",
]
DOCUMENTS += ["docs/recordings.md", "docs/rerun.md"]
AGENT = """
from langchain_core.runnables import RunnableLambda
agent = RunnableLambda(lambda question: "an answer")
"""
GRAPH = """
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

graph = StateGraph(MessagesState)
graph = graph.add_node("say", lambda state: {"messages": [AIMessage("an answer")]})
graph = graph.add_edge(START, "say").compile()
"""


def examples(document: str) -> list[str]:
    """The commands of a document that begin with, or pipe into, catagent."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.search(r"\bcatagent [\w\"]", line)]


def test_the_readme_has_eight_examples_and_the_two_commands() -> None:
    """A README whose examples are no longer found would pass by running none."""
    assert len(examples("README.md")) == 8
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines.index("make ask") < lines.index("make test")
    console = Console(width=100, file=io.StringIO())
    with console.capture() as rendered:
        console.print(Markdown("\n".join(lines)))
    assert rendered.get().count("\n") <= 3 * 45  # screens


def write_files(folder: Path) -> None:
    """All that the examples name."""
    (folder / "my_package").mkdir()
    (folder / "my_package" / "my_module.py").write_text(AGENT)
    (folder / "your_agent.py").write_text(GRAPH)
    for name in ("my_program.py", "your_app.py"):
        (folder / name).write_text(f'{AGENT}\nagent.invoke("a question")\n')


@pytest.mark.timeout(240)  # some ten processes, one after the other
@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_example_works_in_order(document: str, tmp_path: Path) -> None:
    """One folder, one shell after another: later examples use what earlier ones wrote."""
    write_files(tmp_path)
    commands = examples(document)
    assert commands
    with ScriptedServer(cat()) as server:
        env = with_command(tmp_path, with_server(tmp_path, server.url))
        for example in commands:
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
