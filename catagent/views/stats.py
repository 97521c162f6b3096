"""The table of `--stats`: where a run's time and tokens went, by model and by tool."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from catagent.events import summary
from catagent.events import types as ev
from catagent.events.state import RunState, ToolRun
from catagent.views.format import Row, line, widths
from catagent.views.sanitize import clean_line

_HEADINGS = ("", "calls", "in", "out", "first token", "time")
_NONE = "-"


class _Sum(Struct):
    """Calls, tokens and seconds; `waits` and `answered` are of the calls with a first token."""

    calls: int = 0
    usage: ev.Usage | None = None
    waits: float = 0.0
    answered: int = 0
    seconds: float | None = None

    def add(self, more: _Sum) -> None:
        """Add what another came to."""
        self.calls += more.calls
        self.usage = summary.add([self.usage, more.usage])
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
        """Take one more run into account."""
        for into, found in ((self._models, _models(state)), (self._tools, _tools(state))):
            for name, part in found:
                into.setdefault(name, _Sum()).add(part)
        self._runs += 1
        self._all.add(_whole(state))

    def table(self) -> str:
        """Return the table as text, newline-terminated. Times in it are in seconds."""
        heading = dict(zip(_HEADINGS, _HEADINGS, strict=True))
        whole = "the run" if self._runs == 1 else f"{self._runs:,} runs"
        parts = [*self._models.items(), *self._tools.items(), (whole, self._all)]
        rows = [heading, *(_row(name, part) for name, part in parts)]
        columns = widths(rows)
        return "".join(f"{line(row, columns, _HEADINGS[1:])}\n" for row in rows)


def table(state: RunState) -> str:
    """Return the table of one run."""
    totals = Totals()
    totals.add(state)
    return totals.table()


def _models(state: RunState) -> Iterator[tuple[str, _Sum]]:
    for used in summary.models(state):
        calls = [run.finished for run in state.llms.values() if run.model == used.model]
        times = [end.ttft_s for end in calls if end is not None and end.ttft_s is not None]
        yield used.model, _Sum(used.calls, used.usage, sum(times), len(times), used.duration_s)


def _tools(state: RunState) -> Iterator[tuple[str, _Sum]]:
    for run in state.order:
        if isinstance(run, ToolRun):
            yield run.tool, _Sum(1, seconds=run.finished.duration_s if run.finished else None)


def _whole(state: RunState) -> _Sum:
    """The run's own times: its parts overlap, so theirs do not add up to them."""
    used = summary.models(state)
    whole = _Sum(sum(each.calls for each in used), summary.add(each.usage for each in used))
    if state.finished is not None:
        end = state.finished.data
        whole.seconds = end.duration_s
        whole.waits, whole.answered = end.ttft_s or 0.0, int(end.ttft_s is not None)
    return whole


def _row(name: str, part: _Sum) -> Row:
    used, first = part.usage or ev.Usage(), part.waits / part.answered if part.answered else None
    counts = map(_count, (used.input_tokens, used.output_tokens))
    cells = (clean_line(name), str(part.calls), *counts, _seconds(first), _seconds(part.seconds))
    return dict(zip(_HEADINGS, cells, strict=True))


def _count(number: int | None) -> str:
    return _NONE if number is None else f"{number:,}"


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f} s"
