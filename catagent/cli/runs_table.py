"""The table that `catagent runs` shows on a terminal: a row a run, the question in what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catagent.events.timestamps import moment
from catagent.recordings.history import RunSummary
from catagent.views.style import Look, Style
from catagent.views.wrap import cells, head

SHORT_ID = 8
_WIDEST_NAME, _NARROWEST_QUESTION = 24, 24
_HEADINGS = ("id", "when", "status", "steps", "tokens", "time", "agent", "model", "question")
_RIGHT = {"steps", "tokens", "time"}
# What a narrow terminal has to do without, the first of them first.
_DISPENSABLE = ("model", "agent", "tokens", "steps", "when")
_STATUS: dict[str, Style] = {"success": "ok", "error": "bad", "limit": "warn", "cancelled": "warn"}

_Row = dict[str, str]


def table(kept: Sequence[RunSummary], look: Look, width: int) -> Iterator[str]:
    """Yield the heading and a row for each run, none wider than `width` cells."""
    rows = [_row(run, look) for run in kept]
    heading = dict(zip(_HEADINGS, _HEADINGS, strict=True))
    widths = _fit([heading, *rows], width)
    yield look.paint("dim", _line(heading, widths, look))
    for run, row in zip(kept, rows, strict=True):
        yield _line(row, widths, look, _STATUS.get(run.status, "dim"))


def _row(run: RunSummary, look: Look) -> _Row:
    usage, ellipsis = run.usage, look.glyphs.ellipsis
    return {
        "id": look.line(run.id[:SHORT_ID]),
        "when": _when(run.ts),
        "status": run.status,
        "steps": "" if run.steps is None else str(run.steps),
        "tokens": "" if usage is None else f"{usage.total_tokens:,}",
        "time": "" if run.duration_s is None else f"{run.duration_s:.1f} s",
        "agent": head(look.line(run.agent), _WIDEST_NAME, ellipsis),
        "model": head(look.line(run.model), _WIDEST_NAME, ellipsis),
        "question": look.line(run.question),
    }


def _fit(rows: Sequence[_Row], width: int) -> dict[str, int]:
    """The widths of the columns that there is room for; the question has what they leave."""
    widths = {name: max(cells(row[name]) for row in rows) for name in _HEADINGS[:-1]}
    for name in _DISPENSABLE:
        if _left(widths, width) >= _NARROWEST_QUESTION:
            break
        del widths[name]
    return widths | {"question": max(8, _left(widths, width))}


def _left(widths: dict[str, int], width: int) -> int:
    return width - sum(taken + 2 for taken in widths.values())


def _line(row: _Row, widths: dict[str, int], look: Look, status: Style = "plain") -> str:
    painted = []
    for name, wide in widths.items():
        text = head(row[name], wide, look.glyphs.ellipsis)
        gap = " " * (wide - cells(text))
        shown = look.paint(status, text) if name == "status" else text
        painted.append(gap + shown if name in _RIGHT else shown + gap)
    return "  ".join(painted).rstrip()


def _when(ts: str) -> str:
    """The time as it was here."""
    when = moment(ts)
    return "" if when is None else f"{when:%m-%d %H:%M}"
