"""The answer alone, and a run seen again, in a real terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.support.scripts import cat
from tests.support.shell import Shell
from tests.support.shell import shell as opened
from tests.support.tmux import HAS_TMUX

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path, cat(tokens=60, pace=0.02)) as found:
        yield found


@pytest.mark.parametrize("option", ["-q", "-o answer"])
def test_the_answer_alone_is_left_where_the_rest_was_a_status(shell: Shell, option: str) -> None:
    shell.start(f"ask where? {option}")
    shell.tmux.shows("is writing")
    assert shell.ends() == ["The cat is under the sofa."]


def test_show_leaves_what_the_live_view_left(shell: Shell) -> None:
    """But for what it says of how to see the run again."""
    shell.start("ask where? -v")
    live = shell.ends()
    assert len(live) > 24
    for pager in ("cat", "no-such-pager"):
        shell.start("show -v", pager)
        assert without_hints(shell.ends()) == without_hints(live)


def without_hints(rows: list[str]) -> list[str]:
    hint = re.compile(r"( · |^ +)(catagent show \S+( --full)?|--full)$")
    return [hint.sub("", row) for row in rows if not re.match(r" +catagent show", row)]


@pytest.mark.skipif(not which("less"), reason="less is not installed")
def test_a_pager_shows_what_is_longer_than_the_screen_and_may_be_left_early(shell: Shell) -> None:
    shell.start("ask where? -q")
    shell.ends()
    shell.tmux.resize(80, 10)
    shell.start("show", "less")
    shell.tmux.until(lambda: shell.tmux.screen().endswith("\n:\n"))
    assert "done in" not in shell.tmux.text()
    shell.tmux.press("C-c")
    # It may lose a key that comes before it has rung.
    shell.tmux.until(shell.tmux.has_rung)
    shell.tmux.press("q")
    assert shell.ends() == []
