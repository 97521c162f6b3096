"""Compares two recordings, and shows in what they differ: the body of `catagent diff`."""

import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from catagent.cli.asked import Asked
from catagent.cli.pager import page
from catagent.cli.recordings import recorded, run_of
from catagent.compare.differences import Compared, compared
from catagent.compare.rows import rows, table
from catagent.compare.steps import steps
from catagent.errors import RecordingError
from catagent.events.codec import encode_plain
from catagent.events.types import Event
from catagent.exports.facts import ended, final_state
from catagent.exports.text import WIDTH
from catagent.sinks.terminal import Terminal
from catagent.views import format as form
from catagent.views.style import Look, live_look

_COUNTS = ("steps", "tool_calls", "duration_s", "ttft_s")


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
    a, b = (_events(asked, *each, damage) for each in zip(names, (runs[0], runs[-1]), strict=True))
    found = [
        (where, [each for each in differences if not only or each.what in only])
        for where, differences in compared(steps(a, times=times), steps(b, times=times))
    ]
    totals = {"a": _totals(a), "b": _totals(b)}
    if json:
        every = [each for _, differences in found for each in differences]
        sys.stdout.buffer.write(encode_plain({"alike": not every, **totals, "differences": every}))
    else:
        _show(asked, found, totals)
    if damage:
        raise damage[0]
    return any(differences for _, differences in found)


def _events(asked: Asked, name: str, run: str | None, damage: list[RecordingError]) -> list[Event]:
    """The events of the run that is meant, up to damage. Raises RecordingError for none."""
    events = list[Event]()
    try:
        with recorded(name, asked.loaded) as found:
            events = run_of(list(found), run)
    except RecordingError as error:
        damage.append(RecordingError(f"{name}: {error.message}", error.hint))
        if not events:
            raise damage[-1] from None
    return events


def _totals(events: list[Event]) -> dict[str, Any]:
    """What a run came to, for programs; what nobody knows is null."""
    state = final_state(events)
    started = state.started.data if state.started is not None else None
    end = state.finished.data if state.finished is not None else None
    usage = end.usage if end is not None else None
    return {
        "run_id": state.started.run_id if state.started is not None else None,
        **{name: getattr(started, name, None) for name in ("agent", "model", "mode")},
        "status": ended(state),
        "model_calls": len(state.llms),
        **{name: getattr(end, name, None) for name in _COUNTS},
        "cost": (end.cost if end is not None else None) or None,
        **{name: getattr(usage, name, None) for name in ("input_tokens", "output_tokens")},
    }


def _show(asked: Asked, found: list[Compared], totals: dict[str, dict[str, Any]]) -> None:
    size = Terminal(sys.stdout.fileno()).size() if sys.stdout.isatty() else None
    look = live_look(asked.view(sys.stdout))
    shown = _rows(found, totals, look, size.columns - 1 if size is not None else WIDTH)
    if size is not None:
        page(shown, size.rows, asked.loaded.process)
    else:
        sys.stdout.writelines(f"{row}\n" for row in shown)


def _rows(
    found: list[Compared], totals: dict[str, dict[str, Any]], look: Look, width: int
) -> Iterator[str]:
    first = next((each for _, differences in found for each in differences), None)
    if first is None:
        yield look.paint("ok", "The runs are alike.")
    else:
        yield look.paint("bad", "They part here:")
        yield from rows(first, look, width)
        yield from ("", *table(found, look, width))
    yield ""
    cells = (
        {"": name.replace("_", " "), **{of.upper(): _cell(name, totals[of][name]) for of in totals}}
        for name in totals["a"]
    )
    yield from map(look.line, form.table(form.headed([*cells])))


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name == "cost":
        return form.price(value)
    return form.seconds(value) if name.endswith("_s") else str(value)
