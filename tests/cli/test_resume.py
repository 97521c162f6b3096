"""`catagent resume`: a run that waits is answered by another process, and nothing else is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from catagent.cli.resuming import answers_of
from catagent.errors import UsageError
from catagent.events import types as ev
from catagent.redact import MASK
from tests.support import paused_agents
from tests.support.cli import catagent, environment


def waits(value: Any, id: str = "abcd0000", **allowed: list[str]) -> ev.Interrupt:  # noqa: A002
    return ev.Interrupt(data=ev.InterruptData(id=id, value=value, allowed=allowed))


MAIL = {"name": "mail", "args": {"to": "bob"}}
ASKS = {"action_requests": [MAIL], "review_configs": []}
TWO = {"action_requests": [MAIL, {"name": "rm", "args": {}}], "review_configs": []}
ALONE = {"type": "tool_approval", **MAIL}
EDITED = {"type": "edit", "edited_action": {"name": "mail", "args": {"to": "ann"}}}
BREAK = {"breakpoint": {"kind": "tool", "name": "mail"}}


def decided(*decisions: Any) -> dict[str, Any]:
    return {"decisions": [*decisions]}


@pytest.mark.parametrize(
    ("value", "text", "answer"),
    [
        (ASKS, "approve", decided({"type": "approve"})),
        (ASKS, "reject", decided({"type": "reject"})),
        (ASKS, "reject: not today", decided({"type": "reject", "message": "not today"})),
        (ASKS, "respond:it is done", decided({"type": "respond", "message": "it is done"})),
        (ASKS, 'edit:{"to": "ann"}', decided(EDITED)),
        (ASKS, json.dumps(EDITED), decided(EDITED)),
        (TWO, "approve", decided({"type": "approve"}, {"type": "approve"})),
        (TWO, json.dumps([EDITED, {"type": "reject"}]), decided(EDITED, {"type": "reject"})),
        (ALONE, "approve", {"type": "approve"}),
        ("How much?", "a=b", "a=b"),
        ("How much?", "12", 12),
        ("How much?", '"12"', "12"),
        ("How much?", "null", None),
        (BREAK, "step", "step"),
    ],
)
def test_an_answer_is_what_langgraph_takes(value: Any, text: str, answer: Any) -> None:
    assert answers_of([text], [waits(value)]) == {"abcd0000": answer}


@pytest.mark.parametrize("text", ["edit:%s", '{"type": "edit", "edited_action": %s}'])
def test_no_tool_gets_the_mask_of_a_secret(text: str) -> None:
    edited = {"name": "mail", "args": {"to": "ann", "key": MASK}}
    with pytest.raises(UsageError, match=r"mail would get \[redacted\]"):
        answers_of([text % json.dumps(edited)], [waits(ASKS)])


@pytest.mark.parametrize(
    ("value", "text", "hint"),
    [
        (ASKS, "aprove", "answer approve, reject or reject:REASON"),
        (ASKS, "approve:yes", "answer approve, reject or reject:REASON"),
        (ASKS, "respond:hi", "answer approve, reject or reject:REASON"),
        (ASKS, '{"type": "edit"}', "answer approve, reject or reject:REASON"),
        (TWO, "[]", "they are mail, rm"),
        (TWO, 'edit:{"to": "ann"}', "answer with a JSON list, a decision each"),
        (BREAK, "approve", "answer continue or step"),
    ],
)
def test_what_is_not_allowed_says_what_is(value: Any, text: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        answers_of([text], [waits(value, mail=["approve", "reject"])])
    assert refused.value.hint == hint


def test_several_that_wait_are_answered_by_their_ids() -> None:
    both = [waits("one?"), waits("two?", id="0123beef")]
    assert answers_of(["0123=yes", "abcd=a=b"], both) == {"0123beef": "yes", "abcd0000": "a=b"}
    with pytest.raises(UsageError, match="2 answers are awaited"):
        answers_of(["yes"], both)


def test_another_process_answers_a_run_of_ones_own_once(tmp_path: Path) -> None:
    env = environment(tmp_path)
    shutil.copy(paused_agents.__file__, tmp_path / "agents.py")
    agent = ("--agent", "agents.py:batched", "--configurable", "thread_id=mine")
    asked = catagent("ask", "go", *agent, "-o", "answer", "--record", "run.jsonl", env=env)
    assert asked.returncode == 5
    assert "hint: catagent resume" in asked.stderr
    silent = catagent("resume", "-o", "answer", env=env)
    assert (silent.returncode, silent.stdout) == (5, "")
    assert "the run waits for an answer: send_email" in silent.stderr
    shutil.move(tmp_path / "state" / "runs", tmp_path / "elsewhere")
    file = catagent("resume", "run.jsonl", "--answer", "approve", env=env)
    assert file.returncode == 2
    assert "hint: --agent agents.py:batched" in file.stderr
    shutil.move(tmp_path / "elsewhere", tmp_path / "state" / "runs")
    assert [*(tmp_path / "state" / "threads").glob("*.sqlite")]
    # A file may have it that it is the run of another, and was another agent's.
    forged = (tmp_path / "run.jsonl").read_text().replace("agents.py:batched", "forged.py:agent")
    (tmp_path / "forged.py").write_text("open('imported', 'w')")
    run_id = json.loads(forged.splitlines()[1])["run_id"]
    for name in ("last", run_id[:8]):
        (tmp_path / "forged.jsonl").write_text(forged.replace(run_id, name))
        refused = catagent("resume", "forged.jsonl", "--answer", "approve", env=env)
        assert refused.returncode == 2
        assert "hint: --agent forged.py:agent" in refused.stderr
    assert not (tmp_path / "imported").exists()
    done = catagent("resume", "--answer", "approve", "-o", "answer", env=env)
    assert (done.returncode, done.stdout) == (0, "sent to bob; deleted /a\n")
    assert [*(tmp_path / "state" / "threads").iterdir()] == []
    again = catagent("resume", "run.jsonl", "--answer", "approve", "-o", "answer", env=env)
    assert again.returncode == 2
    assert "its thread went on" in again.stderr
    listed = catagent("runs", env=env).stdout.splitlines()
    kept = [json.loads(line) for line in listed]
    assert [each["status"] for each in kept] == ["success", "interrupted"]
    assert kept[0]["resumes"] == kept[1]["id"]
