"""`--help`: a page of forty rows at most. docs/commands.md has all that there is to say."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer

from catagent.config import process_environ
from catagent.views.options import is_capable

Rows = list[tuple[str, str]]
_RUNNING = ("catagent", "ask", "chat", "resume", "rerun", "tool", "agents", "batch")
_VALUES: dict[Any, str] = {int: "N", float: "N", str: "TEXT", list[str]: "TEXT", Path: "FILE"}
# By the last word of a command; "" for all others.
VARIABLES = dict.fromkeys(_RUNNING, "OPENAI_API_KEY, OPENAI_BASE_URL, CATAGENT_MODEL and so on")
VARIABLES["doctor"] = VARIABLES["ask"]
VARIABLES[""] = "CATAGENT_HOME, CATAGENT_COLOR and other settings; NO_COLOR"
CODES = {
    **dict.fromkeys(
        _RUNNING,
        "0 done, 1 failed, 2 usage, 3 a limit, 4 no API key, 5 waits for an answer, "
        "124 timeout, 130 Ctrl-C, 141 pipe closed",
    ),
    "": "0 done, 1 no such run or a damaged one, 2 usage",
    "resume": "those of ask: 0 done, 1 failed, 2 usage, 5 waits again",
    "rerun": "those of ask: 0 done, 1 failed, 2 usage, 5 waits for an answer",
    "batch": "0 all answered, 1 some failed, 2 usage, 4 no API key, 130 Ctrl-C, 141 pipe closed",
    "chat": "0 left, 2 usage, 129 the terminal has gone, 143 asked to end",
    "watch": "the program's own, 2 usage, 126 not executable, 127 not found",
    "diff": "0 alike, 1 different, 2 usage, no such run, or a damaged or unfinished one",
    "doctor": "0 nothing is broken, 1 something is, 2 usage",
    "schema": "0 done, 2 usage",
}


def write_help(command: Any, ctx: Any, formatter: Any) -> None:
    """Write what stands below the usage: examples, arguments, options, variables, exit codes."""
    bold = is_capable(process_environ(), isatty=sys.stdout.isatty())
    formatter.width = min(shutil.get_terminal_size().columns, 100)
    formatter.write(f"\n{_heading('Examples', bold)}\n")
    formatter.write("".join(f"  {example}\n" for example in examples(ctx.command_path)))
    options = _options(command, ctx)
    column = max(len(left) for rows in options.values() for left, _ in rows)
    for heading, rows in (*_words(command), *options.items()):
        width = column if heading in options else max(len(left) for left, _ in rows)
        formatter.write(f"{_heading(heading, bold)}\n")
        formatter.indent()
        first = [(f"{a:{width}}", b.partition(". ")[0].rstrip(".")) for a, b in rows]
        formatter.write_dl(first, width)
        formatter.dedent()
    name = ctx.command_path.split()[-1]
    tables = {"Environment": VARIABLES, "Exit codes": CODES}
    formatter.write_dl(
        [(_heading(what, bold), of.get(name, of[""])) for what, of in tables.items()]
    )


def _lines(name: str) -> list[str]:
    return Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8").splitlines()


def examples(path: str) -> list[str]:
    """The first three for this command."""
    lines = _lines("examples")
    if " " in path:
        lines = [line for line in lines[3:] if re.search(rf"\b{path}\b", line)]
    return lines[:3]


def _heading(text: str, bold: bool) -> str:
    return typer.style(text, bold=True) if bold else f"{text}:"


def _words(command: Any) -> Iterator[tuple[str, Rows]]:
    """Yield the arguments and the commands, where there are any."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    if arguments:
        yield "Arguments", [(p.metavar or p.name.upper(), p.help or "") for p in arguments]
    if commands := getattr(command, "commands", {}):
        yield "Commands", [(name, each.help.partition("\n")[0]) for name, each in commands.items()]


def _options(command: Any, ctx: Any) -> dict[str, Rows]:
    """The rows of options by panel; what belongs to none, as `--help`, is in the last."""
    options = [p for p in command.get_params(ctx) if p.param_type_name == "option"]
    shared = _shared({p.opts[0] for p in options})
    panels: dict[str, Rows] = {}
    for p in options:
        panel = getattr(p, "rich_help_panel", None) or ([*panels] or ["Options"])[-1]
        row = shared.get(p.opts[0]) or (names_and_value(p), p.help)
        if row not in panels.setdefault(panel, []):
            panels[panel].append(row)
    return panels


def _shared(own: set[str]) -> dict[str, tuple[str, str]]:
    """The rows that several of these options share, by each of those."""
    rows = [re.split("   *", line) for line in _lines("together")]
    named = [(names.split(), (left, text)) for names, left, text in rows]
    return {name: row for names, row in named if own.issuperset(names) for name in names}


def names_and_value(option: Any) -> str:
    """The names of an option, the short one first, and what it takes."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts:
        names = names.replace("--", "--[no-]")
    kind = option.type_descriptor.annotation
    words = [each for each in get_args(kind) if isinstance(each, str)]
    value = option.metavar or "|".join(words) or _VALUES.get(kind, "")
    return f"{names} {value}".rstrip()
