"""What there is to choose from is where a person looks for it: guides, .env.example, help."""

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
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def page(name: str) -> str:
    """The text of a document of the site."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def help_of(command: str, parameter: str) -> str:
    """The help text of an option or argument."""
    (found,) = (found for found in COMMANDS[command].params if found.name == parameter)
    return str(found.help)


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_is_in_its_guide_and_env_example(output: str) -> None:
    assert f"`-o {output}`" in page("filters.md")
    (choices,) = re.findall(r"^# (.*)\n# CATAGENT_OUTPUT=", ENV_EXAMPLE, re.MULTILINE)
    assert re.search(rf"\b{output}\b", choices)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_on_the_first_page(command: str) -> None:
    assert f"[`catagent {command}`](commands.md#catagent-{command})" in page("index.md")


@pytest.mark.parametrize("ending", EXPORTERS)
def test_every_ending_of_an_export_is_in_its_guide_and_help(ending: str) -> None:
    assert f"`{ending}`" in page("recordings.md")
    assert re.search(rf"{re.escape(ending)}\b", help_of("export", "file"))


@pytest.mark.parametrize("agent", AGENTS)
def test_every_agent_is_in_its_guide_and_help(agent: str) -> None:
    assert f"`{agent}`" in page("bring-your-own.md")
    assert agent in help_of("ask", "agent").split(", ")
