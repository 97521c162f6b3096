"""Values that msgspec converts mean what they mean to Typer, mistakes alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from catagent.cli.command import Command, Group
from catagent.cli.commands import ask, export, replay, schema, tool
from catagent.cli.main import app

PLAIN = typer.Typer()
for function in (ask.ask, export.export, replay.replay, schema.schema, tool.tool):
    PLAIN.command()(function)


def parsed(of: typer.Typer, command: str, arguments: list[str]) -> Any:
    """What a command is given, or what is reported instead."""
    group: Any = typer.main.get_command(of)
    try:
        return group.commands[command].make_context(command, list(arguments)).params
    except Exception as error:
        return type(error).__name__, str(error), getattr(error, "message", "")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("ask", []),
        ("ask", ["why?"]),
        ("ask", ["-"]),
        ("ask", ["why?", "-m", "log", "-o", "jsonl", "--json", "--no-history"]),
        ("ask", ["--include-tags", "a", "--include-tags", "b", "--exclude-names", ""]),
        ("ask", ["--max-steps", "3", "--timeout", "0.5", "--record", "run.jsonl"]),
        ("ask", ["--max-steps", " 3", "--timeout", ".5"]),
        ("ask", ["--max-steps", "0"]),
        ("ask", ["--max-steps", "null"]),
        ("ask", ["--max-steps", "3.5"]),
        ("ask", ["--timeout", "soon"]),
        ("ask", ["--timeout", "inf"]),
        ("ask", ["--mode", "Events"]),
        ("ask", ["--record", ""]),
        ("ask", ["--nothing-like-it"]),
        ("tool", ["get_items", "place=on a table", "x=1"]),
        ("replay", ["run.jsonl"]),
        ("replay", ["run.jsonl", "--speed", "2", "--idle-limit", "1"]),
        ("replay", []),
        ("export", ["last", "page.html", "--title", "null"]),
        ("schema", []),
    ],
)
def test_commands_take_and_refuse_the_values_that_typers_do(
    command: str, arguments: list[str]
) -> None:
    assert parsed(app, command, arguments) == parsed(PLAIN, command, arguments)


def all_below(command: Any) -> Iterator[Any]:
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from all_below(child)


def test_every_command_is_of_a_class_that_needs_no_pydantic() -> None:
    for command in all_below(typer.main.get_command(app)):
        assert isinstance(command, Command | Group), f"{command.name} has no cls="
