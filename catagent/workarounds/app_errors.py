"""Textual prints what an app raises, with the values of every local variable, and keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App


def caught(app: App[Any]) -> list[Exception]:
    """Let the app leave where something of it raises; return the list that will hold what."""
    raised: list[Exception] = []

    def handle(error: Exception) -> None:
        raised.append(error)
        app.exit()

    app._handle_exception = handle  # type: ignore[method-assign]
    return raised
