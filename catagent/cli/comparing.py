"""Compares two recordings, and shows in what they differ: the body of `catagent diff`."""

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict

from catagent.cli.asked import Asked
from catagent.cli.pager import page
from catagent.cli.recordings import run_in
from catagent.compare.differences import Compared, compared
from catagent.compare.rows import table
from catagent.errors import RecordingError
from catagent.events.codec import encode_plain
from catagent.events.types import Event, run_of
from catagent.exports.facts import ended, final_state
from catagent.exports.text import WIDTH
from catagent.sinks.jsonl import escaped
from catagent.sinks.terminal import Terminal
from catagent.views import format as form
from catagent.views.notes import short
from catagent.views.style import Look, live_look
from catagent.views.wrap import wrap

_TOTALS = (
    "run_id", "agent", "model", "mode", "status", "model_calls", "steps", "tool_calls",
    "duration_s", "ttft_s", "cost", "input_tokens", "output_tokens",
)  # fmt: skip


def compare(
    asked: Asked,
    names: Sequence[str],
    runs: Sequence[str | None],
    only: Collection[str],
    *,
    times: bool,
    json: bool,
) -> bool:
    """Show in what two runs differ, and return whether they do. Raises CatagentError for trouble.

    `runs` are the beginnings of their ids. What is damaged is compared up to there, before.
    """
    damage = list[RecordingError]()
    both = zip(names, (runs[0], runs[-1]), strict=True)
    a, b = (run_in(name, asked.loaded, run, damage) for name, run in both)
    found = [
        (where, [each for each in differences if not only or each.what in only])
        for where, differences in compared(a, b, times=times)
    ]
    totals = {"a": _totals(a), "b": _totals(b)}
    if json:
        every = [each for _, differences in found for each in differences]
        object_ = encode_plain({"alike": not every, **totals, "differences": every})
        sys.stdout.buffer.write(escaped(object_) if sys.stdout.isatty() else object_)
    else:
        _show(asked, found, totals)
    if damage:
        raise damage[0]
    return any(differences for _, differences in found)


def _totals(events: list[Event]) -> dict[str, Any]:
    """What a run came to, by name, None where nobody knows."""
    state = final_state(events)
    began = [state.started.data] if state.started is not None else []
    ends = [state.finished.data, state.finished.data.usage] if state.finished is not None else []
    given = chain.from_iterable(asdict(part).items() for part in (*began, *ends) if part)
    known = {name: value for name, value in given if value is not UNSET}
    known |= {"run_id": run_of(events[0]), "status": ended(state), "model_calls": len(state.llms)}
    return {name: known.get(name) for name in _TOTALS}


def _show(asked: Asked, found: list[Compared], totals: dict[str, dict[str, Any]]) -> None:
    size = Terminal(sys.stdout.fileno()).size() if sys.stdout.isatty() else None
    look = live_look(asked.view(sys.stdout))
    width, height = (size.columns - 1, size.rows) if size is not None else (WIDTH, 0)
    page(_rows(found, totals, look, width), height, asked.loaded.process)


def _rows(
    found: list[Compared], totals: dict[str, dict[str, Any]], look: Look, width: int
) -> Iterator[str]:
    first = next((each for _, differences in found for each in differences), None)
    if first is None:
        yield look.paint("ok", "The runs are alike.")
    else:
        yield look.paint("bad", "They part here:")
        yield from wrap(look.line(f"{first.where}: {first.said}"), width)
        yield from ("", *table(found, look, width))
    cells = [
        {"": name.removesuffix("_s").replace("_", " ")}
        | {of.upper(): _cell(name, each[name]) for of, each in totals.items()}
        for name in _TOTALS
    ]
    yield from ("", *map(look.line, form.table(form.headed(cells))))


_SHOWN: dict[str, Callable[[Any], str]] = {
    "cost": form.price, "run_id": short, "duration_s": form.seconds, "ttft_s": form.seconds,
}  # fmt: skip


def _cell(name: str, value: Any) -> str:
    return "-" if value is None else _SHOWN.get(name, str)(value)
