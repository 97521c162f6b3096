"""Lists what there is, on stdout: lines of JSON for programs, a table for people."""

import sys
from collections.abc import Iterable

from msgspec import Struct

from catagent.cli.stderr import say
from catagent.events.codec import encode_plain
from catagent.sinks.jsonl import escaped


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
