"""`--help` is one page that names all there is; docs/commands.md is what the commands say."""

from __future__ import annotations

import functools
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from catagent.cli.help import examples
from catagent.cli.main import app

ROOT = Path(__file__).parents[2]


def contexts() -> Iterator[tuple[str, Any]]:
    """Each command by its path, in the context of the one above it."""
    program: Any = typer.main.get_command(app)
    make: Any = typer.Context
    above = make(program, info_name="catagent", **program.context_settings)
    found = [above]
    for context in found:
        commands = getattr(context.command, "commands", {})
        found += [make(each, info_name=n, parent=context) for n, each in commands.items()]
    yield from ((context.command_path, context) for context in found)


CONTEXTS = dict(contexts())


def test_the_reference_is_what_the_commands_say() -> None:
    reference = runpy.run_path(str(ROOT / "scripts" / "commands.py"))["reference"]
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == reference(), "make reference writes it anew"


@pytest.mark.parametrize("path", CONTEXTS)
def test_help_is_a_page_that_names_every_option(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    context = CONTEXTS[path]
    shown = context.get_help()
    assert len(shown.splitlines()) <= 40
    assert all(len(row) <= 80 for row in shown.splitlines())
    assert "<bool>" not in shown
    for expected in ("Examples:", "Environment:", "Exit codes:", *examples(path)):
        assert expected in shown
    # --include-names, -types is --include-names, --include-types.
    short = r"(--\w+-)([a-z, -]*?), -(?=\w\w)"
    whole = re.sub(short, r"\1\2, \1", re.sub(short, r"\1\2, \1", shown))
    for option in context.command.get_params(context):
        if option.param_type_name == "option":
            names = [*option.opts, *(name.replace("--no-", "--") for name in option.secondary_opts)]
            assert all(name in whole.replace("--[no-]", "--") for name in names)


@pytest.mark.parametrize("path", CONTEXTS)
def test_the_examples_of_help_are_understood(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for name, context in CONTEXTS.items():
        if name != "catagent":
            call = functools.partial(lambda of, **_: called.append(of), name)
            monkeypatch.setattr(context.command, "callback", call)
    for example in examples(path):
        (words,) = re.findall(r"catagent ?([^|>)]*)", example)
        command = CONTEXTS["catagent"].command
        command(shlex.split(words), prog_name="catagent", standalone_mode=False)
        assert called.pop().startswith(path)
