"""Shells complete commands, options and values, and read nothing into what a stranger wrote."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from catagent.cli.main import run
from tests.support.cli import catagent, environment
from tests.support.tmux import HAS_TMUX, Tmux

pytestmark = pytest.mark.versions  # Typer's own scripts ask in the same way

QUESTION = 'where\'s "it"?\n\x1b[31m [/x] 100% \\ $(touch bad) `touch bad`; touch bad'
SHOWN = 'where\'s "it"?'
ENTER = {
    "bash": 'exec bash --norc -i\nPS1="$ "; eval "$(catagent --show-completion bash)"',
    "zsh": 'exec zsh -f\nPS1="$ "; autoload -Uz compinit; compinit -u -D; '
    'eval "$(catagent --show-completion zsh)"',
    "fish": "exec fish --no-config\ncatagent --show-completion fish | source",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a project and a recording, and a run in the history; all have odd names."""
    ids = ("mine", "$(touch bad)", "x;touch bad", "two words", "a:b")
    (tmp_path / "langgraph.json").write_text(json.dumps({"graphs": dict.fromkeys(ids, "./a.py:g")}))
    (tmp_path / "agent.py").write_text("open('bad', 'w')")
    (tmp_path / "$(touch bad).jsonl").touch()
    (tmp_path / "demo.jsonl").touch()
    data = {"agent": "cat", "model": "openai:gpt-odd", "mode": "events", "input": QUESTION}
    started = {"type": "run.started", "run_id": "0abc1234-5678", "data": data}
    runs = tmp_path / "state/runs"
    runs.mkdir(parents=True)
    (runs / "00000001-20260101-000000-0abc1234-5678.jsonl").write_text(json.dumps(started) + "\n")
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "some", "others"),
    [
        ("show ", ["last", "demo.jsonl", "0abc1234"], ["$(touch bad).jsonl"]),
        ("runs rm ", ["0abc1234", "last"], ["demo.jsonl"]),
        ("runs --agent c", ["cat"], ["cat-classic"]),
        ("what is it --agent ", ["cat", "cat-classic", "agent.py:", "mine"], ["two words", "a:b"]),
        ("agents ./", ["./langgraph.json:a:b"], []),
        ("agents m", ["mine"], ["cat"]),
        ("ask --model o", ["openai:gpt-odd", "ollama:"], ["local"]),
        ("tool ", ["get_items"], []),
        ("ask --mode=", ["events", "log", "steps"], []),
        ("export last --format ", ["html", "cast"], []),
        ("replay x --include-types ", ["tool", "chat_model"], []),
        ("--show-completion ", ["bash", "zsh", "fish"], []),
        ("ask --the", ["--theme"], ["--mode"]),
        ("ru", ["runs"], ["ask"]),
    ],
)
def test_values_of_every_kind_are_completed(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    line: str,
    some: list[str],
    others: list[str],
) -> None:
    ask(monkeypatch, line)
    run([])
    said = capfd.readouterr()
    found = [each.partition("\t")[0] for each in said.out.splitlines()]
    assert [each for each in some if each not in found] == []
    assert [each for each in others if each in found] == []
    assert said.err == ""


def ask(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setenv("_CATAGENT_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"catagent {line}")


def test_a_broken_project_and_broken_settings_cost_their_values_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "langgraph.json").write_text("{")
    (folder / ".env").write_bytes(b"CATAGENT_MODE=\xff")
    monkeypatch.setenv("CATAGENT_MODE", "nothing")
    for line, first in (("ask --agent ", "cat\t"), ("show ", "last\t")):
        ask(monkeypatch, line)
        run([])
        said = capfd.readouterr()
        assert said.out.startswith(first)
        assert said.err == ""


@pytest.mark.skipif(not HAS_TMUX, reason="needs tmux")
@pytest.mark.parametrize("shell", ENTER)
def test_a_shell_completes_and_evaluates_nothing(folder: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    program = folder / "bin/catagent"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m catagent "$@"\n')
    program.chmod(0o755)
    window = Tmux(folder / "t", 100, 30)
    try:
        window.type(f"cd {folder}; PATH={program.parent}:$PATH")
        for line in ENTER[shell].splitlines():
            window.type(line)
        for typed, completed in (
            ("catagent ask --model openai:gpt-o", "openai:gpt-odd"),
            ("catagent tool get", "tool get_items"),
            ("catagent ask --agent=mi", "--agent=mine"),
        ):
            window.write(typed)
            window.press("Tab")
            window.shows(completed)
            window.press("C-u")
        window.write("catagent show ")
        window.press("Tab")
        window.press("Tab")
        window.shows("0abc1234", *([] if shell == "bash" else [SHOWN]))
    finally:
        window.close()
    assert not (folder / "bad").exists()


def test_the_current_shell_is_taken_where_none_is_named(tmp_path: Path) -> None:
    done = catagent("--show-completion", env=environment(tmp_path, SHELL="/usr/bin/fish"))
    assert done.stdout.splitlines()[-1].startswith("complete -c catagent")
    done = catagent("--show-completion", "tcsh", env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is: bash, zsh, fish" in done.stderr
