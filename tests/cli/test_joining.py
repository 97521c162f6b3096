"""What `catagent watch` lists on a terminal."""

from __future__ import annotations

from catagent.cli.joining import table
from catagent.events.codec import Program


def test_a_command_cannot_touch_the_terminal_that_it_is_listed_on() -> None:
    hostile = Program(pid=7, program="python -c \x1b]0;pwned\x07\x9b2J\u202e\nforged", runs=2)
    heading, row = table([hostile])
    assert heading.split() == ["pid", "started", "runs", "program"]
    assert row.startswith("  7  ")
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\n"} & set(row)
