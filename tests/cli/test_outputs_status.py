"""What is fetched is said on stderr where no status line is: now and then, and how it ended."""

from __future__ import annotations

import pytest

from catagent.cli.outputs import Outputs
from catagent.models.embedded import FETCHING, STOPPED


def test_of_a_status_in_a_pipe_only_what_is_fetched_is_said_and_that_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outputs = Outputs()
    for text in ("loading LangChain", f"{FETCHING}: 1 of 2 MB", f"{FETCHING}: 2 of 2 MB"):
        outputs.status(text)
    outputs.status(f"{STOPPED}: the rest is for the next time")
    assert capsys.readouterr().err.splitlines() == [
        f"catagent: {FETCHING}: 1 of 2 MB",
        f"catagent: {STOPPED}: the rest is for the next time",
    ]
