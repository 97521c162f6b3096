"""The table of `--stats`: where a run's time and tokens went, by model and by tool."""

from __future__ import annotations

from collections.abc import Iterable

from catagent.events import summary
from catagent.events import types as ev
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.views.sanitize import clean_line
from catagent.views.table import Row, line, widths

_HEADINGS = ("", "calls", "in", "out", "first token", "time")
_NONE = "-"


def table(state: RunState) -> str:
    """Return the table as text, newline-terminated. Times in it are in seconds."""
    heading = dict(zip(_HEADINGS, _HEADINGS, strict=True))
    rows = [heading, *_model_rows(state), *_tool_rows(state), _total_row(state)]
    columns = widths(rows)
    return "".join(f"{line(row, columns, _HEADINGS[1:])}\n" for row in rows)


def _model_rows(state: RunState) -> Iterable[Row]:
    for used in summary.models(state):
        calls = [run for run in state.llms.values() if run.model == used.model]
        yield _row(used.model, used.calls, used.usage, _mean_ttft(calls), used.duration_s)


def _tool_rows(state: RunState) -> Iterable[Row]:
    runs = [run for run in state.order if isinstance(run, ToolRun)]
    for tool in dict.fromkeys(run.tool for run in runs):
        calls = [run for run in runs if run.tool == tool]
        times = [run.finished.duration_s for run in calls if run.finished is not None]
        known = [time for time in times if time is not None]
        yield _row(tool, len(calls), None, None, sum(known) if known else None)


def _total_row(state: RunState) -> Row:
    """The run's own times: its parts overlap, so theirs do not add up to them."""
    used = summary.models(state)
    data = state.finished.data if state.finished is not None else None
    ttft, duration = (data.ttft_s, data.duration_s) if data is not None else (None, None)
    return _row("the run", sum(m.calls for m in used), summary.total(used), ttft, duration)


def _row(
    name: str, calls: int, usage: ev.Usage | None, ttft: float | None, seconds: float | None
) -> Row:
    used = usage or ev.Usage()
    return {
        "": clean_line(name),
        "calls": str(calls),
        "in": _count(used.input_tokens),
        "out": _count(used.output_tokens),
        "first token": _seconds(ttft),
        "time": _seconds(seconds),
    }


def _mean_ttft(calls: list[LlmRun]) -> float | None:
    times = [run.finished.ttft_s for run in calls if run.finished is not None]
    known = [time for time in times if time is not None]
    return sum(known) / len(known) if known else None


def _count(number: int | None) -> str:
    return _NONE if number is None else f"{number:,}"


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f} s"
