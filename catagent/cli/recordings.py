"""Finds what a person names: a recording, by file or id, and a run among those that it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from catagent.config import Loaded
from catagent.errors import RecordingError, UsageError
from catagent.events import types as ev
from catagent.recordings.history import History, question
from catagent.recordings.reader import by_run

_LONGEST_QUESTION = 60
_LISTED = 20


def history(loaded: Loaded) -> History:
    """Return the user's history, with the limits of the settings."""
    return History(
        folder=loaded.state_dir / "runs",
        max_runs=loaded.settings.history_runs,
        max_bytes=loaded.settings.history_mb << 20,
    )


def locate(wanted: str, loaded: Loaded) -> Path:
    """Return the file of this name, or that of the run whose id begins so.

    Raises RecordingError where there is neither.
    """
    if (path := _file(wanted)) is not None:
        return path
    try:
        return history(loaded).find(wanted)
    except RecordingError as error:
        if "beginning of" in error.message:
            raise
        raise RecordingError(
            f"no recording at {wanted or repr(wanted)}, and no such run in the history",
            "catagent runs lists the runs; catagent ask --record FILE makes a recording",
        ) from None


def _file(wanted: str) -> Path | None:
    """The path to what is there under this name, or None: not every text can be a path."""
    try:
        path = Path(wanted).expanduser()
        return path if wanted and path.exists() else None
    except (OSError, ValueError, RuntimeError):
        return None


def runs_of(events: Iterable[ev.Event], wanted: str | None) -> list[list[ev.Event]]:
    """Return the events of each run of a recording, or of the one whose id begins as `wanted`.

    Raises UsageError where there is no such run, or more than one.
    """
    runs = by_run(events)
    if wanted is None:
        return list(runs.values())
    found = {run: those for run, those in runs.items() if run.startswith(wanted)}
    if len(found) != 1:
        problem = "is the beginning of several runs" if found else "is not a run"
        raise UsageError(f"{wanted!r} {problem} of this recording:\n{_listed(found or runs)}")
    return list(found.values())


def run_of(events: Iterable[ev.Event], wanted: str | None) -> list[ev.Event]:
    """Return the events of the one run of a recording, or of the one whose id begins as `wanted`.

    Raises UsageError, with a list of the runs, where it is not clear which one.
    """
    runs = runs_of(events, wanted)
    if len(runs) == 1:
        return runs[0]
    listed = _listed(by_run(event for run in runs for event in run))
    raise UsageError(
        f"this recording holds {len(runs)} runs:\n{listed}", "choose one with --run ID"
    )


def _listed(runs: Mapping[str, list[ev.Event]]) -> str:
    rows = [f"  {run}  {'  '.join(_about(of))}" for run, of in islice(runs.items(), _LISTED)]
    more = len(runs) - len(rows)
    return "\n".join([*rows, f"  … and {more:,} more"] if more else rows)


def _about(events: Iterable[ev.Event]) -> Iterator[str]:
    """What a run was asked, and how it ended."""
    status = "unfinished"
    for event in events:
        if isinstance(event, ev.RunStarted):
            asked = " ".join(question(event.data).split())
            yield asked if len(asked) <= _LONGEST_QUESTION else f"{asked[:_LONGEST_QUESTION]}…"
        elif isinstance(event, ev.RunFinished):
            status = event.data.status
    yield status
