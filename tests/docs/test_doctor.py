"""The commands, the output and the document of docs/doctor.md are those of the program."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

from catagent.events.report import Check, Choice, Report
from tests.support.cli import catagent, with_command, with_server

TEXT = (Path(__file__).parents[2] / "docs/doctor.md").read_text(encoding="utf-8")
(COMMANDS,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
(SHOWN,) = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)


def test_the_output_in_the_doctor_document_is_the_programs(tmp_path: Path) -> None:
    env = with_server(tmp_path, "http://127.0.0.1:9/v1", XDG_RUNTIME_DIR=str(tmp_path))
    assert SHOWN in catagent("doctor", env=env).stdout
    document = json.loads(catagent("doctor", "--json", env=env).stdout)
    groups = re.findall(r"^\| `(\w+)` \|", TEXT.partition("## What is asked")[0], re.MULTILINE)
    assert list(dict.fromkeys(check["group"] for check in document["checks"])) == groups
    keys = re.findall(r"^\| `(\w+)` \|", TEXT.partition("## The document")[2], re.MULTILINE)
    assert sorted(document) == sorted([*keys, "type"])
    for kind in (Report, Check, Choice):
        assert all(f"`{name}`" in TEXT for name in kind.__struct_fields__)


def test_the_commands_of_the_doctor_document_are_understood(tmp_path: Path) -> None:
    (tmp_path / "my_agent.py").write_text("raise SystemExit('it was imported')\n")
    env = with_command(tmp_path, with_server(tmp_path, "http://127.0.0.1:9/v1"))
    for line in COMMANDS.splitlines():
        words = shlex.split(line.partition(" | ")[0])
        done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0 if "--settings" in words else 1, b"")
