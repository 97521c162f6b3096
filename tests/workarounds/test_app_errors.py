"""What an app of Textual's raises: kept for whoever runs it, and not printed."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App

from catagent.workarounds.app_errors import caught


class _Fails(App[int]):
    def on_mount(self) -> None:
        raise ValueError("not mounted")


def test_what_an_app_raises_is_kept_and_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    app = _Fails()
    raised = caught(app)
    asyncio.run(app.run_async(headless=True))
    assert [str(error) for error in raised] == ["not mounted"]
    assert capsys.readouterr() == ("", "")
