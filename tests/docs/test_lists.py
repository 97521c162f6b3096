"""What there is to choose from is where a person looks for it: README, .env.example, help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from catagent.cli.main import app
from catagent.exports import EXPORTERS
from catagent.loading.registry import AGENTS
from tests.support.cli import OUTPUTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def help_of(command: str, parameter: str) -> str:
    """The help text of an option or argument."""
    (found,) = (found for found in COMMANDS[command].params if found.name == parameter)
    return str(found.help)


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_is_in_readme_and_env_example(output: str) -> None:
    assert f"`-o {output}`" in README
    (choices,) = re.findall(r"^# (.*)\n# CATAGENT_OUTPUT=", ENV_EXAMPLE, re.MULTILINE)
    assert re.search(rf"\b{output}\b", choices)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_readme(command: str) -> None:
    assert re.search(rf"\bcatagent {command}\b", README)


@pytest.mark.parametrize("ending", EXPORTERS)
def test_every_ending_of_an_export_is_in_readme_and_help(ending: str) -> None:
    assert f"`{ending}`" in README
    assert re.search(rf"{re.escape(ending)}\b", help_of("export", "file"))


@pytest.mark.parametrize("agent", AGENTS)
def test_every_agent_is_in_readme_and_help(agent: str) -> None:
    assert f"`{agent}`" in README
    assert agent in help_of("ask", "agent").split(", ")
