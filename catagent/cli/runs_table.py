"""The table of `catagent runs` on a terminal: a row for each run, the question last."""

from collections.abc import Iterator, Mapping, Sequence

from catagent.events.timestamps import moment
from catagent.recordings.history import RunSummary
from catagent.views.format import GAP, Row, line, widths
from catagent.views.style import Look, Style
from catagent.views.wrap import head

_SHORTEST_ID = 8
_WIDEST_NAME, _NARROWEST_QUESTION = 24, 24
_HEADINGS = ("id", "when", "status", "steps", "tokens", "time", "agent", "model", "question")
_RIGHT = {"steps", "tokens", "time"}
# What a narrow terminal does without, in this order.
_DISPENSABLE = ("model", "agent", "tokens", "steps", "when")
_STATUS: dict[str, Style] = {
    "success": "ok",
    "error": "bad",
    "limit": "warn",
    "cancelled": "warn",
    "interrupted": "warn",
}


def table(kept: Sequence[RunSummary], look: Look, width: int) -> Iterator[str]:
    """Yield the heading and a row for each run, none wider than `width` cells."""
    rows = [_row(run, look, _length(kept)) for run in kept]
    heading = dict(zip(_HEADINGS, _HEADINGS, strict=True))
    columns = _fit([heading, *rows], width)
    yield look.paint("dim", line(heading, columns, _RIGHT))
    for row in rows:
        yield line(_shown(row, columns, look), columns, _RIGHT)


def _length(kept: Sequence[RunSummary]) -> int:
    """How much of an id tells these runs apart: LangChain's own begin with the time."""
    ids = {run.id for run in kept}
    lengths = range(_SHORTEST_ID, max(map(len, ids), default=0))
    return next((n for n in lengths if len({each[:n] for each in ids}) == len(ids)), lengths.stop)


def _row(run: RunSummary, look: Look, id_length: int) -> dict[str, str]:
    when = moment(run.ts)
    tokens, ellipsis = run.usage and run.usage.total_tokens, look.glyphs.ellipsis
    return {
        "id": look.line(run.id[:id_length]),
        "when": "" if when is None else f"{when:%m-%d %H:%M}",
        "status": run.status,
        "steps": "" if run.steps is None else str(run.steps),
        "tokens": "" if tokens is None else f"{tokens:,}",
        "time": "" if run.duration_s is None else f"{run.duration_s:.1f} s",
        "agent": head(look.line(run.agent), _WIDEST_NAME, ellipsis),
        "model": head(look.line(run.model), _WIDEST_NAME, ellipsis),
        "question": look.line(run.question),
    }


def _fit(rows: Sequence[Row], width: int) -> dict[str, int]:
    """The widths of the columns that there is room for; the question gets what is left."""
    columns = widths(rows)
    del columns["question"]
    for name in _DISPENSABLE:
        if _left(columns, width) >= _NARROWEST_QUESTION:
            break
        del columns[name]
    return columns | {"question": max(8, _left(columns, width))}


def _left(columns: Mapping[str, int], width: int) -> int:
    return width - sum(taken + len(GAP) for taken in columns.values())


def _shown(row: dict[str, str], columns: Mapping[str, int], look: Look) -> Row:
    """The row with its question cut to the column, and its status coloured."""
    question = head(row["question"], columns["question"], look.glyphs.ellipsis)
    status = look.paint(_STATUS.get(row["status"], "dim"), row["status"])
    return row | {"question": question, "status": status}
