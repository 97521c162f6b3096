"""Finds what a person names: a recording, by file or id, and a run among those that it holds."""

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from catagent.config import Loaded
from catagent.errors import RecordingError, UsageError
from catagent.events import types as ev
from catagent.exports.facts import final_state
from catagent.recordings.history import History, question
from catagent.recordings.reader import by_run, read_from
from catagent.redact import shortened
from catagent.threads.store import Threads

_LONGEST_QUESTION = 60
_LISTED = 20


def history(loaded: Loaded) -> History:
    """Return the user's history, with the limits of the settings."""
    return History(
        folder=loaded.state_dir / "runs",
        threads=threads(loaded),
        max_runs=loaded.settings.history_runs,
        max_bytes=loaded.settings.history_mb << 20,
    )


def threads(loaded: Loaded) -> Threads:
    """Return the user's threads."""
    return Threads(loaded.state_dir / "threads")


def locate(wanted: str, loaded: Loaded) -> Path:
    """The file of this name, or that of the run whose id begins so. Raises RecordingError."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # not every text can be a path
        path = Path(wanted).expanduser()
        if wanted and path.exists():
            return path
    return history(loaded).find(wanted)


def readable(wanted: str, loaded: Loaded) -> Path | int:
    """The same, or for `-` the descriptor of stdin. Raises UsageError where that is a terminal."""
    if wanted != "-":
        return locate(wanted, loaded)
    if sys.stdin.isatty():
        raise UsageError("- is a recording on stdin, and stdin is a terminal", "pipe one into it")
    return sys.stdin.fileno()


@contextlib.contextmanager
def recorded(
    wanted: str, loaded: Loaded, damage: list[RecordingError] | None = None
) -> Iterator[Iterator[ev.Event]]:
    """The events of this recording as it is read, up to its damage, which is raised after use.

    `damage` gets it as soon as it is met.
    At once where there is none before it. Raises RecordingError.
    """
    found, damage = read_from(readable(wanted, loaded)), [] if damage is None else damage
    first = next(found)

    def events() -> Iterator[ev.Event]:
        yield first
        try:
            yield from found
        except RecordingError as error:
            damage.append(error)

    yield events()
    if damage:
        raise damage[0]


def run_in(
    wanted: str, loaded: Loaded, run: str | None, damage: list[RecordingError]
) -> list[ev.Event]:
    """The events of the one run of this recording, or of `run`, up to damage, which is put there.

    Raises UsageError, and RecordingError where there is no event before the damage.
    """
    events = list[ev.Event]()
    try:
        with recorded(wanted, loaded) as found:
            events = run_of([*found], run)
    except RecordingError as error:
        damage.append(RecordingError(f"{wanted}: {error.message}", error.hint))
        if not events:
            raise damage[-1] from None
    return events


def runs_of(events: Iterable[ev.Event], wanted: str | None) -> list[list[ev.Event]]:
    """The events of each run, or of the one whose id begins as `wanted`. Raises UsageError."""
    runs = by_run(events)
    if wanted is None:
        return list(runs.values())
    found = {run: those for run, those in runs.items() if run.startswith(wanted)}
    if len(found) != 1:
        problem = "is the beginning of several runs" if found else "is not a run"
        raise UsageError(f"{wanted!r} {problem} of this recording:\n{_listed(found or runs)}")
    return list(found.values())


def run_of(events: list[ev.Event], wanted: str | None) -> list[ev.Event]:
    """The same where it must be one run. Raises UsageError, with a list of the runs."""
    runs = runs_of(events, wanted)
    if len(runs) == 1:
        return runs[0]
    held = f"this recording holds {len(runs)} runs:\n{_listed(by_run(events))}"
    raise UsageError(held, "choose one with --run ID")


def _listed(runs: Mapping[str, list[ev.Event]]) -> str:
    rows = [f"  {run}  {_about(of)}" for run, of in islice(runs.items(), _LISTED)]
    more = len(runs) - len(rows)
    return "\n".join([*rows, f"  … and {more:,} more"] if more else rows)


def _about(events: Iterable[ev.Event]) -> str:
    """What a run was asked, and how it ended."""
    state = final_state(events)
    asked = question(state.started.data) if state.started is not None else ""
    status = state.finished.data.status if state.finished is not None else "unfinished"
    return f"{shortened(' '.join(asked.split()), _LONGEST_QUESTION)}  {status}".lstrip()
