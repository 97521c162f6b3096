"""What is still so in Textual: each test has the name of its row in docs/workarounds.md."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App

from tests.workarounds.conftest import StillNeeded


class _Fails(App[int]):
    def on_mount(self) -> None:
        secret = "sk-of-a-local-variable"
        raise ValueError(f"not {len(secret)}")


def test_app_errors(still_needed: StillNeeded, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(_Fails().run_async(headless=True))
    still_needed("sk-of-a-local-variable" in capsys.readouterr().err)
