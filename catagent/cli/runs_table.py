"""The runs that are kept, as `catagent runs` lists them: a row for each, the question last."""

import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from msgspec import UNSET

from catagent.cli.asked import Asked
from catagent.cli.listing import print_list
from catagent.events import types as ev
from catagent.events.timestamps import moment
from catagent.recordings.history import FAILED, RunSummary, answered
from catagent.recordings.search import Search
from catagent.views.format import GAP, Row, headed, line, price, widths
from catagent.views.notes import short
from catagent.views.style import Look, Style, live_look
from catagent.views.wrap import head

_WIDEST_NAME, _NARROWEST_QUESTION = 24, 24
_RIGHT = {"steps", "calls", "tokens", "time", "cost"}
# Of so many runs a person is shown the newest.
_SHOWN = 20
# What a narrow terminal does without, in this order.
_DISPENSABLE = ("size", "steps", "models", "calls", "tokens", "agent", "cost", "time", "when")
_STATUS: dict[str, Style] = {
    "success": "ok",
    "error": "bad",
    "limit": "warn",
    "cancelled": "warn",
    "interrupted": "warn",
}


def list_runs(
    kept: Sequence[RunSummary], asked: Asked, *, limit: int | None, search: str | None, json: bool
) -> None:
    """Print runs, the newest first: lines of JSON, or a table with the newest last.

    Those that have a text in them are printed as they are found, the newest first there, too.
    """
    look, width = live_look(asked.view(sys.stdout)), shutil.get_terminal_size().columns
    found: Iterator[RunSummary]
    if not search:
        newest = kept[: (_SHOWN if limit is None else limit) or None]
        older = len(kept) - len(newest)
        more = f"{older:,} older: --limit 0 shows all" if older else ""
        found = iter(kept if limit is None else newest)
        rows = table(newest[::-1], look, width, more=more)
    else:
        found = islice(having(kept, search), limit or None)
        rows = table(kept, look, width, found)
    print_list(found, rows, json=json, none="no such run is kept")


def having(runs: Iterable[RunSummary], text: str) -> Iterator[RunSummary]:
    """Yield the runs that have a text in them as they are found, each with its first `match`."""
    search = Search(text)
    for run in runs:
        with suppress(FileNotFoundError):  # pruned by another process meanwhile
            run.match = search.first(Path(run.path)) or UNSET
        if run.match:
            yield run


def table(
    kept: Sequence[RunSummary],
    look: Look,
    width: int,
    shown: Iterable[RunSummary] | None = None,
    more: str = "",
) -> Iterator[str]:
    """Yield the heading and the rows of each run, none wider than `width` cells; none for none.

    `shown` are those to show, where that is not known of all that are kept; `more` says what is
    left out. Below a run stands what a search has found, or why it failed.
    """
    went_on = answered(kept)
    ellipsis, rows = look.glyphs.ellipsis, headed([_row(run, look, went_on) for run in kept])
    columns = fit(rows, width)
    above = [line(row, columns, _RIGHT) for row in rows[:1]] + [f"{ellipsis} {more}"] * bool(more)
    for run in kept if shown is None else shown:
        yield from (look.paint("dim", head(row, width, ellipsis)) for row in above)
        above = []
        yield line(_shown(_row(run, look, went_on), columns, look), columns, _RIGHT)
        if below := run.match or (run.error if run.status in FAILED else ""):
            indented = GAP * 5 + look.line(below.strip().partition("\n")[0])
            yield look.paint("dim", head(indented, width, ellipsis))


def _row(run: RunSummary, look: Look, went_on: Collection[str]) -> dict[str, str]:
    when, used, ellipsis = moment(run.ts), run.usage or ev.Usage(), look.glyphs.ellipsis
    return {
        "id": look.line(short(run.id)),
        "when": "" if when is None else f"{when:%m-%d %H:%M}",
        "status": "answered" if run.id in went_on else run.status,
        "agent": head(look.line(run.agent), _WIDEST_NAME, ellipsis),
        "models": head(look.line(", ".join(run.models) or run.model), _WIDEST_NAME, ellipsis),
        "steps": _number(run.steps),
        "calls": _number(run.tool_calls),
        "tokens": _number(used.total_tokens),
        "time": "" if run.duration_s is None else f"{run.duration_s:.1f} s",
        "cost": price(run.cost).replace("under ", "<") if isinstance(run.cost, float) else "",
        "question": look.line(" ".join(run.question.split())),
    }


def _number(known: int | None) -> str:
    return "" if known is None else f"{known:,}"


def fit(rows: Sequence[Row], width: int) -> dict[str, int]:
    """The widths of the columns that hold something, as far as there is room.

    The first row is the heading, and the question gets what is left.
    """
    columns = {name: w for name, w in widths(rows).items() if any(row[name] for row in rows[1:])}
    enough = min(_NARROWEST_QUESTION, columns.pop("question", 0))
    for name in _DISPENSABLE:
        if _left(columns, width) >= enough:
            break
        columns.pop(name, None)
    return columns | {"question": max(8, _left(columns, width))}


def _left(columns: Mapping[str, int], width: int) -> int:
    return width - sum(taken + len(GAP) for taken in columns.values())


def _shown(row: dict[str, str], columns: Mapping[str, int], look: Look) -> Row:
    """The row with its question cut to the column, and its status coloured."""
    question = head(row["question"], columns["question"], look.glyphs.ellipsis)
    status = look.paint(_STATUS.get(row["status"], "dim"), row["status"])
    return row | {"question": question, "status": status}
