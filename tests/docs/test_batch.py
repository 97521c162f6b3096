"""The commands and the result of docs/batch.md are those of the program."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from catagent.events.result import Result
from tests.support.cli import with_command, with_server
from tests.support.scripts import saying
from tests.support.server import ScriptedServer

TEXT = (Path(__file__).parents[2] / "docs/batch.md").read_text(encoding="utf-8")
COMMANDS = "".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
QUESTIONS, RESULT = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)


def test_the_commands_of_the_batch_document_answer_each_question_once(tmp_path: Path) -> None:
    (tmp_path / "questions.txt").write_text(QUESTIONS)
    with ScriptedServer(saying("Under the sofa.")) as server:
        env = with_command(tmp_path, with_server(tmp_path, server.url))
        subprocess.run(["sh", "-e", "-c", COMMANDS], env=env, cwd=tmp_path, check=True, timeout=60)
        assert len(server.requests) == 2
    found = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    shown = json.loads(RESULT)
    assert sorted(each["id"] for each in found) == ["den-1", "den-2"]
    assert {each["output"] for each in found} == {shown["output"]}
    assert [*shown] == ["type", *Result.__struct_fields__] == [*found[0]]
    assert all(f"`{name}`" in TEXT for name in Result.__struct_fields__)
