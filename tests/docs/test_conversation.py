"""The commands of docs/conversation.md are run, as they stand there, one after another."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import with_command, with_server
from tests.support.replies import Call, Reply
from tests.support.scripts import cat, target
from tests.support.server import Request, ScriptedServer
from tests.support.strict import strict

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/conversation.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
SHELL = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line for block in SHELL for line in block.splitlines()]
# How each of them ends, and what is seen of it.
SEEN = [
    (5, "send_email"),
    (0, "sent to ann"),
    (5, "send_email"),
    (0, "not before Friday"),
    (0, "sent to ann"),
    (5, "get_items"),
    (5, ""),
    (0, "under the sofa"),
    (0, "under the sofa"),
    (0, "under the sofa"),
    (0, '"turns":2'),
    (0, "question: and what else is there?"),
    (0, ""),
    (0, ""),
]


def decides(request: Request) -> Reply:
    """The cat agent's models, and one that writes a mail before it answers."""
    if target(request) != "agent" or "send_email" not in request.tools:
        return cat()(request)
    if request.observations:
        return Reply((request.observations[-1],))
    return Reply(calls=[Call.of("send_email", "c1", to="ann", text="Hello!")])


@pytest.mark.timeout(240)  # a process for each command
def test_every_command_works_as_the_document_says(tmp_path: Path) -> None:
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    with ScriptedServer(strict(decides)) as server:
        env = with_command(tmp_path, with_server(tmp_path, server.url))
        for line, (code, seen) in zip(COMMANDS, SEEN, strict=True):
            done = subprocess.run(
                ["bash", "-c", line],
                env=env,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=90,
                check=False,
            )
            assert done.returncode == code, f"{line}\n{done.stderr}"
            assert seen in done.stdout, line
