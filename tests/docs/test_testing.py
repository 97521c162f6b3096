"""The example of docs/testing.md is recorded, tested, broken and mended, as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import environment, with_server
from tests.support.replies import Call, Reply
from tests.support.server import Request, ScriptedServer
from tests.support.strict import strict

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
PARTS = re.findall(r"```(python|sh|text)\n(.*?)```", TEXT, re.DOTALL)
# How each command ends, and what is seen of it.
SEEN = [
    (0, ""),
    (0, ""),
    (0, "get_items"),
    (0, "1 passed"),
    (1, ""),
    (1, "Be brief."),
    (0, ""),
    (1, "Be brief."),
    (0, ""),
    (0, "1 passed"),
]


def decides(request: Request) -> Reply:
    if request.observations:
        return Reply((request.observations[-1],))
    return Reply(calls=[Call.of("get_items", "c1", place="on a table")])


@pytest.mark.timeout(240)  # a process for each command
def test_the_example_works_as_the_document_says(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("catagent", "pytest"):
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} -m {name} "$@"\n')
        (folder / name).chmod(0o755)
    seen = iter(SEEN)
    with ScriptedServer(strict(decides)) as server:
        for kind, text in PARTS:
            if kind == "python":
                (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
            for command in text.splitlines() if kind == "sh" else ():
                asks = re.search(r"catagent (ask|rerun)(?!.*--frozen)", command)
                env = with_server(tmp_path, server.url) if asks else environment(tmp_path)
                done = run(command, tmp_path, {**env, "PATH": f"{folder}:{env['PATH']}"})
                code, words = next(seen)
                assert (done.returncode, words in done.stdout) == (code, True), done
            if kind == "text":
                env = environment(tmp_path)
                done = run(f"{sys.executable} -m pytest tests/test_trip.py", tmp_path, env)
                shown = [row for row in done.stdout.splitlines() if row.startswith(("E ", ">"))]
                assert [*map(str.rstrip, shown)] == text.splitlines()
                assert "catagent/testing.py" not in done.stdout
    assert next(seen, None) is None


def run(command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    env = {**env, "CATAGENT_HISTORY": "false"}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
