"""The agents of docs/bring-your-own.md are asked, as it says, one shell after another."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import with_command, with_server
from tests.support.replies import Call, Reply
from tests.support.server import Request, ScriptedServer

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/bring-your-own.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```(?:python|json)\n(?:#|//) (\S+)\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()
]
# What the models decide on, by the tools that they are given.
CALLS = {
    "get_weather": Call.of("get_weather", "c1", city="Oslo"),
    "price": Call.of("price", "c1", item="wool"),
    "search": Call.of("search", "c1", query="cats"),
    "research": Call.of("research", "c2", topic="cats"),
    "write_todos": Call.of("write_todos", "c1", todos=[{"content": "ask", "status": "pending"}]),
}
# What is seen of each command, in the order of the document.
SEEN = [
    ["It is raining in Oslo.", "an answer"],
    ["outline", "cats, part 2", "an answer"],
    [],
    ["memo"],
    ["gpt-5-nano", "an answer"],
    ["wool: 4 euros", "an answer"],
    ["ask", "Nothing but praise for cats.", "an answer"],
]


def decides(request: Request) -> Reply:
    """Each of its tools in turn, then an answer."""
    calls = [CALLS[tool] for tool in sorted(request.tools, reverse=True)]
    done = len(request.observations)
    return Reply(calls=[calls[done]]) if done < len(calls) else Reply(("an ", "answer"))


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All files of the document in a folder, and `catagent` on the PATH."""
    folder = tmp_path_factory.mktemp("agents")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return with_command(folder, with_server(folder, ""))


def test_every_agent_is_asked_as_the_document_says(env: dict[str, str]) -> None:
    with ScriptedServer(decides) as server:
        for command, seen in zip(COMMANDS, SEEN, strict=True):
            done = subprocess.run(
                ["bash", "-c", command],
                env={**env, "OPENAI_BASE_URL": server.url, "CATAGENT_OUTPUT": "plain"},
                cwd=env["HOME"],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=90,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            for each in seen:
                assert each in done.stdout, command
        assert any("You help Ann." in str(request.messages) for request in server.requests)
