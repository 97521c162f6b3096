"""Lists what there is, on stdout: lines of JSON for programs, a table for people."""

import sys
from collections.abc import Collection, Iterable, Mapping
from shlex import quote
from typing import Any

from msgspec import Struct

from catagent.cli.stderr import say
from catagent.events.codec import encode_plain
from catagent.redact import redact
from catagent.sinks.jsonl import escaped
from catagent.views.sanitize import clean_line


def print_list(items: Iterable[Struct], table: Iterable[str], *, json: bool, none: str) -> None:
    """Print a JSON line for each; on a terminal, unless `json` is asked for, the rows of a table.

    Each is printed as it comes. Where there is no row, `none` says so on stderr.
    """
    on_terminal, printed = sys.stdout.isatty(), False
    if json or not on_terminal:
        for line in map(encode_plain, items):
            sys.stdout.buffer.write(escaped(line) if on_terminal else line)
            sys.stdout.flush()
        return
    for row in table:
        printed = bool(sys.stdout.write(f"{row}\n"))
        sys.stdout.flush()
    if not printed:
        say(f"catagent: {none}")


def print_description(
    name: str, found: Mapping[str, Any], secrets: Collection[str], *, json: bool
) -> None:
    """Print what an agent takes and gives, as `driver.describe` has it, for a person or as JSON."""
    if json:
        sys.stdout.write(redact(encode_plain({"agent": name, **found}).decode(), secrets))
        return
    for what, lines in found["lines"].items():
        rows = "".join(f"  {clean_line(redact(line, secrets))}\n" for line in lines)
        sys.stdout.write(f"{what}\n{rows}")
    sys.stdout.write(f"catagent ask --agent {quote(name)} {clean_line(found['example'])}\n")
