"""The table of `--stats`: where a run's time and tokens went, by model and by tool."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from catagent.events import summary
from catagent.events import types as ev
from catagent.events.state import LlmRun, RunState
from catagent.views import format as form
from catagent.views.format import Row, headed
from catagent.views.sanitize import clean_line

_HEADINGS = ("", "calls", "in", "out", "first token", "time")
_NONE = "-"


class _Sum(Struct):
    """Calls, tokens and seconds; `waits` and `answered` are of the calls with a first token.

    `seen` counts the pieces of answers for which nobody said how many tokens they have.
    """

    calls: int = 0
    usage: ev.Usage | None = None
    seen: int = 0
    waits: float = 0.0
    answered: int = 0
    seconds: float | None = None

    def add(self, more: _Sum) -> None:
        """Add what another came to."""
        self.calls += more.calls
        self.usage = summary.add([self.usage, more.usage])
        self.seen += more.seen
        self.waits += more.waits
        self.answered += more.answered
        if more.seconds is not None:
            self.seconds = (self.seconds or 0.0) + more.seconds


class Totals:
    """What runs came to together: it grows with the number of models and tools alone."""

    def __init__(self) -> None:
        self._runs, self._all = 0, _Sum()
        self._models: dict[str, _Sum] = {}
        self._tools: dict[str, _Sum] = {}

    def add(self, state: RunState) -> None:
        """Take one more run into account. Its parts overlap: their times are not its own."""
        whole = _came_to(state.finished.data if state.finished is not None else None)
        whole.calls, whole.usage = len(state.llms), None
        for run in state.order:
            part = _came_to(run.finished)
            if isinstance(run, LlmRun):
                part.seen = summary.unsaid(part.usage, run.tokens)
                whole.seen += part.seen
                self._models.setdefault(run.model, _Sum()).add(part)
                whole.usage = summary.add([whole.usage, part.usage])
            else:
                self._tools.setdefault(run.tool, _Sum()).add(part)
        self._runs += 1
        self._all.add(whole)

    def table(self) -> str:
        """Return the table as text, newline-terminated. Times in it are in seconds."""
        whole = "the run" if self._runs == 1 else f"{self._runs:,} runs"
        parts = [*self._models.items(), *self._tools.items(), (whole, self._all)]
        rows = headed([_row(name, part) for name, part in parts])
        return "".join(f"{row}\n" for row in form.table(rows, _HEADINGS[1:]))


def table(state: RunState) -> str:
    """Return the table of one run."""
    totals = Totals()
    totals.add(state)
    return totals.table()


def _came_to(end: Any) -> _Sum:
    """What a call or a run came to, which has not ended if `end` is None."""
    first = getattr(end, "ttft_s", None)
    answered = 0 if first is None else 1
    usage, seconds = getattr(end, "usage", None), getattr(end, "duration_s", None)
    return _Sum(1, usage, 0, first or 0.0, answered, seconds)


def _row(name: str, part: _Sum) -> Row:
    used, first = part.usage or ev.Usage(), part.waits / part.answered if part.answered else None
    seen = [f"{part.seen:,} seen"] if part.seen else []
    out = [_count(used.output_tokens)] if used.output_tokens is not None or not seen else []
    counts = _count(used.input_tokens), " + ".join(out + seen)
    cells = (clean_line(name), str(part.calls), *counts, _seconds(first), _seconds(part.seconds))
    return dict(zip(_HEADINGS, cells, strict=True))


def _count(number: int | None) -> str:
    return _NONE if number is None else f"{number:,}"


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f} s"
