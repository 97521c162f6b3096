"""What runs came to together, as `catagent runs --stats` shows it: a row for each group."""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator

from catagent.cli.asked import Asked
from catagent.cli.listing import print_list
from catagent.recordings.history import RunSummary
from catagent.recordings.stats import By, Figures, Stats, stats
from catagent.views.format import GAP, Row, count, headed, line, price, seconds, widths
from catagent.views.style import Look, live_look
from catagent.views.wrap import head

_WIDEST_KEY = 24
_STATUSES = ("success", "error", "limit", "cancelled", "interrupted", "unfinished")
# What a narrow terminal does without, in this order.
_DISPENSABLE = (*_STATUSES, "first token", "p90", "median", "time", "in", "out", "cost", "failed")


def list_stats(runs: Iterable[RunSummary], asked: Asked, *, by: By | None, json: bool) -> None:
    """Print what the runs came to: lines of JSON, or a table with all together last."""
    kept, look = list(runs), live_look(asked.view(sys.stdout))
    found, width = stats(kept, by), shutil.get_terminal_size().columns
    rows = _table(found, stats(kept), look, width)
    print_list(found, rows, json=json, none="no such run is kept")


def _table(found: list[Stats], whole: list[Stats], look: Look, width: int) -> Iterator[str]:
    """Yield a heading, a row of each and of the `whole`, and below them what is not known of that.

    None is wider than `width` cells; nothing for nothing.
    """
    shown = found if found == whole else found + whole
    rows = headed([_row(each, found[0].by, look) for each in shown])
    columns = {name: w for name, w in widths(rows).items() if any(row[name] for row in rows[1:])}
    for name in _DISPENSABLE:
        if sum(columns.values()) + len(GAP) * (len(columns) - 1) > width:
            columns.pop(name, None)
    names = list(columns)
    for number, row in enumerate(rows):
        text = head(line(row, columns, names[bool(found[0].by) :]), width, look.glyphs.ellipsis)
        yield text if number else look.paint("dim", text)
    for note in (note for each in whole for note in _notes(each, look)):
        yield look.paint("dim", head(note, width, look.glyphs.ellipsis))


def _row(each: Stats, by: By | None, look: Look) -> Row:
    name = "all" if each.by is None else look.line(each.key or "unknown")
    ended = {status: each.statuses.get(status) for status in _STATUSES}
    least = look.glyphs.least
    return {
        by or "": head(name, _WIDEST_KEY, look.glyphs.ellipsis) if by else "",
        "runs": f"{each.runs:,}",
        "failed": f"{each.failed:,}",
        **{status: f"{number:,}" if number else "" for status, number in ended.items()},
        "in": _sum(each.input_tokens, least),
        "out": _sum(each.output_tokens, least),
        "cost": _sum(each.cost, least, _dollars),
        "time": _sum(each.duration_s, least, seconds),
        "median": seconds(each.duration_s.median),
        "p90": seconds(each.duration_s.p90),
        "first token": seconds(each.ttft_s.median),
    }


def _sum(known: Figures, least: str, form: Callable[[float], str] = "{:,}".format) -> str:
    """A total, a lower bound where it is not known of all."""
    if known.total is None:
        return "unknown" if known.of else ""
    return f"{least if known.known < known.of else ''}{form(known.total)}"


def _dollars(cost: float) -> str:
    return price(cost).replace("under ", "<") if cost else "$0"


def _notes(each: Stats, look: Look) -> Iterator[str]:
    tokens = min(each.input_tokens, each.output_tokens, key=lambda count: count.known)
    for name, known in (("tokens", tokens), ("cost", each.cost), ("time", each.duration_s)):
        if known.known < known.of:
            told = f"{name}: known for {known.known:,} of {count(known.of, 'run')}"
            asked = "" if known.of == each.runs else " that asked a model"
            yield f"{look.glyphs.least} {told}{asked}"
