"""The table that `catagent runs` shows on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from catagent.history import RunSummary
from catagent.views.sanitize import clean_line

_STATUS_STYLE = {"success": "green", "error": "red", "limit": "yellow", "cancelled": "yellow"}
SHORT_ID = 8


def runs_table(kept: Iterable[RunSummary]) -> Table:
    """Return one row a run. Everything in it is data: Text, never markup."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("id", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("question", ratio=1, no_wrap=True, overflow="ellipsis", min_width=12)
    for heading in ("agent", "model"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=24)
    table.add_column("status", no_wrap=True)
    for heading in ("steps", "tokens", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for run in kept:
        table.add_row(*_cells(run))
    return table


def _cells(run: RunSummary) -> Iterable[Text]:
    yield Text(clean_line(run.id[:SHORT_ID]), style="bold")
    yield Text(_when(run.ts), style="dim")
    for text in (run.question, run.agent, run.model):
        yield Text(clean_line(text))
    yield Text(run.status, style=_STATUS_STYLE.get(run.status, "dim"))
    yield Text("" if run.steps is None else str(run.steps))
    yield Text("" if run.usage is None else f"{run.usage.total_tokens:,}")
    yield Text("" if run.duration_s is None else f"{run.duration_s:.1f} s")


def _when(ts: str) -> str:
    """The time here, as that of the recording is UTC."""
    try:
        return f"{datetime.fromisoformat(ts).astimezone():%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return ""
