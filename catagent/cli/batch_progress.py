"""How far a batch is, in a line on the terminal."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task
from rich.progress import Progress as RichProgress
from rich.table import Column
from rich.text import Text

from catagent.sinks.terminal import JobControl, Terminal
from catagent.views.options import ViewOptions


class Progress:
    """A line of done and total (None where it is not known), failures, rate, and time left."""

    def __init__(self, total: int | None, look: ViewOptions) -> None:
        console = Console(file=sys.stderr, no_color=look.color in ("none", "mono"))
        bar, text = () if look.ascii else (BarColumn(),), _HowFar(Column(no_wrap=True))
        self._rich = RichProgress(*bar, text, console=console, transient=True, refresh_per_second=4)
        self._task = self._rich.add_task("", total=total, failed=0)
        self._terminal = Terminal(sys.stderr.fileno())
        self._jobs = JobControl(self._pause, self._resume)
        self._jobs.__enter__()
        self._resume()

    def show(self, counts: Counter[str]) -> None:
        """Show what the questions came to by now, by status."""
        done = counts.total()
        self._rich.update(self._task, completed=done, failed=done - counts["success"])

    def close(self) -> None:
        """Take the line away, and leave the terminal as it was."""
        self._jobs.__exit__()
        self._pause()

    def _pause(self) -> None:
        self._rich.stop()
        self._terminal.give_back()

    def _resume(self) -> None:
        self._terminal.take()  # what is echoed would break the line
        self._rich.start()


class _HowFar(ProgressColumn):
    """What is known of it, what counts most first: a narrow terminal cuts off its end."""

    def render(self, task: Task) -> Text:
        total = "?" if task.total is None else f"{task.total:.0f}"
        said = [f"{task.completed:.0f}/{total}", f"{task.fields['failed']} failed"]
        if task.speed is not None:
            said.append(f"{task.speed:.1f}/s")
        if task.time_remaining is not None:
            said.append(f"{timedelta(seconds=int(task.time_remaining))} left")
        return Text(", ".join(said), overflow="ellipsis")
