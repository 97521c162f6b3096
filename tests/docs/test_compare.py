"""The commands of docs/compare.md are run, as they stand there, one after another."""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.support.cli import with_command, with_server
from tests.support.replies import Call, Reply
from tests.support.server import Request, ScriptedServer

TEXT = (Path(__file__).parents[2] / "docs/compare.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
CODES = [0, 0, 0, 0, 1, 1, 1]


def looks(request: Request) -> Reply:
    """Where its prompt says, then an answer."""
    if request.observations:
        return Reply((request.observations[-1],))
    place = "the sofa" if "sofa" in str(request.messages) else "a box"
    return Reply(calls=[Call.of("look", "c1", place=place)])


@pytest.mark.timeout(120)  # a process for each command
def test_every_command_compares_as_the_document_says(tmp_path: Path) -> None:
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    shown = ""
    with ScriptedServer(looks) as server:
        env = with_command(tmp_path, with_server(tmp_path, server.url))
        for line, code in zip("".join(BLOCKS).splitlines(), CODES, strict=True):
            done = subprocess.run(
                ["bash", "-c", line],
                env=env, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False,
            )  # fmt: skip
            assert done.returncode == code, f"{line}\n{done.stderr}"
            shown += done.stdout
    (block,) = re.findall(r"^    They part.*\n(?:    .*\n)+", TEXT, re.MULTILINE)
    assert textwrap.dedent(block) in shown
