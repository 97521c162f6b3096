"""Light parameters mean what Typer's own mean, values and mistakes alike."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from catagent.cli.light import lighten
from catagent.cli.main import app


def parsed(command: str, arguments: list[str], *, light: bool) -> Any:
    """What a command gets to see, or what a person is told."""
    group: Any = typer.main.get_command(app)
    if light:
        lighten(group)
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
        ("ask", ["--max-steps", "0"]),
        ("ask", ["--timeout", "soon"]),
        ("ask", ["--mode", "Events"]),
        ("ask", ["--nothing-like-it"]),
        ("tool", ["get_items", "place=on a table", "x=1"]),
        ("replay", ["run.jsonl"]),
        ("replay", ["run.jsonl", "--speed", "2", "--idle-limit", "1"]),
        ("replay", []),
        ("schema", []),
    ],
)
def test_every_value_and_every_mistake_is_the_same(command: str, arguments: list[str]) -> None:
    assert parsed(command, arguments, light=True) == parsed(command, arguments, light=False)
