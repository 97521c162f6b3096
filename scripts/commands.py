"""Prints docs/commands.md, made of what the commands say of themselves: `make reference`."""

import re
import sys
from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Any

import typer

from catagent.cli.help import CODES, VARIABLES, examples, names_and_value
from catagent.cli.main import app
from catagent.config import Settings

_TOP = """\
# Commands

This page lists every command with everything it takes. `make reference` writes it. An option with
a variable is a [setting](settings.md): that variable, and a key of `config.toml` with the option's
name, set it as well. RUN is `last`, the beginning of a run's id, or a file.
"""


def reference() -> str:
    """All of it, as Markdown."""
    program = typer.main.get_command(app)
    context: Any = typer.Context
    pages = _pages(program, context(program, info_name="catagent", **program.context_settings))
    return "\n".join([_TOP, *pages])


def _pages(command: Any, context: Any) -> Iterator[str]:
    """Yield the page of a command, and those of the commands below it."""
    yield "\n".join(_page(command, context))
    for name, below in getattr(command, "commands", {}).items():
        yield from _pages(below, typer.Context(below, info_name=name, parent=context))


def _page(command: Any, context: Any) -> Iterator[str]:
    path = context.command_path
    name = path.split()[-1]
    yield f"## {path}\n\n    {path} {' '.join(command.collect_usage_pieces(context))}\n"
    yield f"{command.help}\n"
    yield "\n".join(["```sh", *examples(path), "```\n"])
    for panel, options in groupby(command.get_params(context), _panel):
        yield f"| {panel} | default | variable | what it does |\n|---|---|---|---|"
        yield from map(_row, options)
        yield ""
    codes, variables = (table.get(name, table[""]) for table in (CODES, VARIABLES))
    yield f"Exit codes: {codes}. Environment: {variables}.\n"


def _panel(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return "Arguments"
    return getattr(parameter, "rich_help_panel", None) or "Options"


def _row(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    shown = parameter.metavar if is_argument else names_and_value(parameter)
    is_setting = parameter.name in Settings.__struct_fields__
    variable = f"`CATAGENT_{parameter.name.upper()}`" if is_setting else ""
    cells = (f"`{shown}`", _default(parameter), variable, parameter.help)
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """A cell, in which a bar is read as one by GitHub and by the site alike."""
    if "|" not in text:
        return text
    html = re.sub("`([^`]*)`", lambda code: f"<code>{escape(code[1])}</code>", text)
    return html.replace("|", "&#124;<wbr>")


def _default(parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.default
    return str(value) if parameter.show_default and value not in (None, False) else ""


if __name__ == "__main__":
    sys.stdout.write(reference())
