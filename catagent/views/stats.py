"""The table of `--stats`: where a run's time and tokens went, by model and by tool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catagent.events import summary
from catagent.events import types as ev
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.views.sanitize import clean_line
from catagent.views.wrap import cells

_HEADINGS = ("", "calls", "in", "out", "first token", "time")
_NONE = "-"


def table(state: RunState) -> str:
    """Return the table as text, newline-terminated. Times in it are in seconds."""
    rows = [_HEADINGS, *_model_rows(state), *_tool_rows(state), _total_row(state)]
    widths = [max(cells(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers = row
    name += " " * (widths[0] - cells(name))
    right = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
    return "  ".join([name, *right]).rstrip() + "\n"


def _model_rows(state: RunState) -> Iterable[tuple[str, ...]]:
    for used in summary.models(state):
        calls = [run for run in state.llms.values() if run.model == used.model]
        yield _row(used.model, used.calls, used.usage, _mean_ttft(calls), used.duration_s)


def _tool_rows(state: RunState) -> Iterable[tuple[str, ...]]:
    runs = [run for run in state.order if isinstance(run, ToolRun)]
    for tool in dict.fromkeys(run.tool for run in runs):
        calls = [run for run in runs if run.tool == tool]
        times = [run.finished.duration_s for run in calls if run.finished is not None]
        known = [time for time in times if time is not None]
        yield _row(tool, len(calls), None, None, sum(known) if known else None)


def _total_row(state: RunState) -> tuple[str, ...]:
    """The run's own times: its parts overlap, so that theirs do not add up to it."""
    used = summary.models(state)
    data = state.finished.data if state.finished is not None else None
    ttft, duration = (data.ttft_s, data.duration_s) if data is not None else (None, None)
    return _row("the run", sum(m.calls for m in used), summary.total(used), ttft, duration)


def _row(
    name: str, calls: int, usage: ev.Usage | None, ttft: float | None, seconds: float | None
) -> tuple[str, ...]:
    tokens = (_NONE, _NONE) if usage is None else (usage.input_tokens, usage.output_tokens)
    return (
        clean_line(name),
        str(calls),
        *(count if isinstance(count, str) else f"{count:,}" for count in tokens),
        _seconds(ttft),
        _seconds(seconds),
    )


def _mean_ttft(calls: list[LlmRun]) -> float | None:
    times = [run.finished.ttft_s for run in calls if run.finished is not None]
    known = [time for time in times if time is not None]
    return sum(known) / len(known) if known else None


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f} s"
