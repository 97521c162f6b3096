"""The commands of docs/servers.md are run in order, against the server that all tests share."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import environment, with_command

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/servers.md").read_text(encoding="utf-8")
# `make serve` is for tests/agents/test_served.py.
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if not line.startswith("make ")
]
SERVED = "http://127.0.0.1:2024"


def test_every_command_works_in_order(langgraph_dev: str, tmp_path: Path) -> None:
    """In one folder; one that is to end with another code than 0 says so: `# exit code 5`."""
    env = with_command(tmp_path, environment(tmp_path, CATAGENT_OUTPUT="plain"))
    for command in COMMANDS:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command.replace(SERVED, langgraph_dev)],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=90,
            check=False,
        )
        code = re.search(r"# exit code (\d+)", command)
        assert done.returncode == int(code[1] if code else 0), f"{command}\n{done.stderr}"
        assert "Traceback" not in done.stderr, command


@pytest.mark.parametrize("package", ["langgraph-cli", "langgraph-api"])
def test_the_versions_that_were_tried_are_those_of_the_tests(package: str) -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    (pinned,) = re.findall(rf"^{package}==(\S+)", constraints, re.MULTILINE)
    assert re.search(rf"\| .*{re.escape(pinned)}.* \| in the tests", TEXT)
