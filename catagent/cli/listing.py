"""Lists what there is, on stdout: lines of JSON for programs, a table for people."""

import sys
from collections.abc import Iterable, Sequence

from msgspec import Struct

from catagent.events.codec import encode_plain
from catagent.sinks.jsonl import escaped


def print_list(items: Sequence[Struct], table: Iterable[str], *, json: bool, none: str) -> None:
    """Print a JSON line for each; on a terminal, unless `json` is asked for, the rows of a table.

    Where there is nothing to put into it, `none` says so on stderr.
    """
    on_terminal = sys.stdout.isatty()
    if json or not on_terminal:
        for line in map(encode_plain, items):
            sys.stdout.buffer.write(escaped(line) if on_terminal else line)
    elif items:
        sys.stdout.write("".join(f"{row}\n" for row in table))
    else:
        sys.stderr.write(f"{none}\n")
