"""`catagent diff`, as a user runs it: what it shows, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import catagent, environment, on_terminal

FOLDER = Path(__file__).parents[1] / "fixtures/v1"
EVENTS, LOG, PARALLEL = (str(FOLDER / f"{name}.jsonl") for name in ("events", "log", "parallel"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([EVENTS, LOG], 0),
        ([EVENTS, LOG, "--times"], 1),
        ([EVENTS, PARALLEL], 1),
        ([EVENTS, PARALLEL, "--only", "answer"], 0),
        ([EVENTS, "nothing"], 2),
        ([EVENTS, LOG, "--only", "cats"], 2),
        ([EVENTS, "--run", "zzz", LOG], 2),
        ([EVENTS], 2),
    ],
)
def test_diff_has_the_exit_codes_of_diff(arguments: list[str], code: int, tmp_path: Path) -> None:
    done = catagent("diff", *arguments, env=environment(tmp_path))
    assert done.returncode == code
    assert ("error" in done.stderr) == (code == 2)


def test_diff_of_a_damaged_recording_compares_what_there_is(tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(b"".join(Path(EVENTS).read_bytes().splitlines(keepends=True)[:40]))
    done = catagent("diff", EVENTS, str(cut), env=environment(tmp_path))
    assert done.returncode == 2
    assert "cut.jsonl: the recording is unfinished" in done.stderr
    assert "They part here:\nmodel call 1, in get_items, call 2: wrote" in done.stdout


def test_diff_takes_two_runs_of_one_recording(tmp_path: Path) -> None:
    both = tmp_path / "both.jsonl"
    both.write_bytes(Path(EVENTS).read_bytes() + Path(PARALLEL).read_bytes())
    runs = [
        json.loads(Path(path).read_text().splitlines()[1])["run_id"] for path in (EVENTS, PARALLEL)
    ]
    asked = ["diff", str(both), str(both), "--json", "--run", runs[0][:8], "--run", runs[1][:8]]
    done = catagent(*asked, env=environment(tmp_path))
    found = json.loads(done.stdout)
    assert (done.returncode, found["alike"]) == (1, False)
    assert [found["a"]["run_id"], found["b"]["run_id"]] == runs
    assert found["a"]["output_tokens"] == 43
    assert found["differences"][0]["where"] == "model call 2, in the agent"
    assert catagent("diff", str(both), str(both), env=environment(tmp_path)).returncode == 2


def test_diff_shows_texts_side_by_side_where_there_is_room_and_no_control(tmp_path: Path) -> None:
    hostile = tmp_path / "hostile.jsonl"
    text = Path(EVENTS).read_text(encoding="utf-8")
    hostile.write_text(text.replace("under the sofa", r"\u001b]0;x\u0007 in \u202ebed"))
    env = environment(tmp_path, PAGER="")
    wide = catagent("diff", EVENTS, str(hostile), env=env)  # for a pipe there are 100 columns
    code, narrow = on_terminal("diff", EVENTS, str(hostile), env=env)
    assert wide.returncode == code == 1
    for shown in (wide.stdout, narrow):
        assert "\x1b]" not in shown
        assert "\u202e" not in shown
        assert "in <202E>bed" in shown
    assert "  - under the sofa" in narrow
    assert "  under the sofa    " in wide.stdout
