"""docs/exit-codes.md has every exit code, and README's line of them the same."""

from __future__ import annotations

import re
from pathlib import Path

from catagent.cli.help import CODES
from catagent.errors import ExitCode

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLE = {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.M)}


def test_every_exit_code_of_a_run_has_its_row_and_no_other() -> None:
    assert [*TABLE] == sorted(code.value for code in ExitCode)


def test_readme_lists_the_exit_codes_that_help_lists() -> None:
    said = re.findall(r"\b(\d+) ([^,]+)", CODES["ask"])
    listed = " ".join(README.partition("docs/exit-codes.md")[2].split())
    assert said
    for code, _ in said:
        assert re.search(rf"\b{code} \w", listed), code


def test_commands_with_codes_of_their_own_are_in_the_second_table() -> None:
    others = PAGE.partition("## Other commands")[2]
    for command in (
        "watch",
        "diff",
        "batch",
        "schema",
        "replay",
        "show",
        "export",
        "inspect",
        "runs",
    ):
        assert f"`{command}" in others, command
