"""How far a batch is, in a line on the terminal."""

from __future__ import annotations

import sys
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from catagent.views.options import ViewOptions


class Progress:
    """A line of done and total (None where it is not known), rate, failures, and time left."""

    def __init__(self, total: int | None, look: ViewOptions) -> None:
        bar = () if look.ascii else (BarColumn(),)
        rate = TextColumn("{task.fields[rate]}, {task.fields[failed]} failed,")
        self._rich = RichProgress(
            *(TextColumn("catagent"), *bar, MofNCompleteColumn(), rate, TimeRemainingColumn()),
            TextColumn("left"),
            console=Console(file=sys.stderr, no_color=look.color in ("none", "mono")),
            transient=True,
            refresh_per_second=4,
        )
        self._task = self._rich.add_task("", total=total, rate="", failed=0)
        self._rich.start()

    def show(self, counts: Counter[str]) -> None:
        """Show what the questions came to by now, by status."""
        done, speed = counts.total(), self._rich.tasks[0].speed
        rate = "" if speed is None else f"{speed:.1f}/s"
        failed = done - counts["success"]
        self._rich.update(self._task, completed=done, rate=rate, failed=failed)

    def close(self) -> None:
        """Take the line away."""
        self._rich.stop()
