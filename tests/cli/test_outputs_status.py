"""What is fetched is said on stderr where no status line is: now and then, and how it ended."""

from __future__ import annotations

import pytest

from catagent.cli.outputs import Outputs


def test_of_a_status_in_a_pipe_only_what_is_fetched_is_said_and_that_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outputs = Outputs()
    for text in ("loading LangChain", "fetching it: 1 of 2 MB", "fetching it: 2 of 2 MB"):
        outputs.status(text)
    outputs.status("stopped fetching it: the rest is for the next time")
    assert capsys.readouterr().err.splitlines() == [
        "catagent: fetching it: 1 of 2 MB",
        "catagent: stopped fetching it: the rest is for the next time",
    ]
