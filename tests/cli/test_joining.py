"""What `catagent watch` lists, and says where there is nothing to join."""

from __future__ import annotations

from pathlib import Path

from catagent.cli.joining import listed
from catagent.events.codec import Program
from tests.support.cli import catagent, environment


def test_a_command_cannot_touch_the_terminal_that_it_is_listed_on() -> None:
    hostile = Program(pid=7, program="python -c \x1b]0;pwned\x07\x9b2J\u202e\nforged", runs=2)
    heading, row = listed([hostile])
    assert heading.split() == ["pid", "started", "runs", "program"]
    assert row.startswith("  7  ")
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\n"} & set(row)


def test_where_no_program_is_watched_it_says_how_one_is(tmp_path: Path) -> None:
    env = environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    done = catagent("watch", "nobody.py", env=env)
    assert done.returncode == 2
    assert done.stderr.startswith("catagent: error: no program 'nobody.py' is watched.\n")
