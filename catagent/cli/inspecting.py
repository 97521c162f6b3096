"""Shows runs in the inspector: the body of `catagent inspect`, and what `--inspect` needs of it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from catagent.cli.asked import Asked
from catagent.cli.mistakes import require_unix
from catagent.cli.recordings import history, locate, recorded, runs_of, threads
from catagent.errors import RecordingError, UsageError
from catagent.events.types import Event
from catagent.inspect.checkpoints import state_at
from catagent.inspect.details import Kept
from catagent.views.options import is_capable
from catagent.views.style import live_look

Feed = AsyncIterator[Sequence[Event]]
_TURN_S = 0.05  # of reading, between two looks at the keyboard


def walk_through(asked: Asked, recording: str, run: str | None) -> int:
    """Show the runs of a recording, or the one whose id begins so; return the exit code.

    Raises RecordingError, and UsageError where there is no terminal.
    """
    require_terminal(asked)
    damage: list[RecordingError] = []
    with recorded(recording, asked.loaded, damage) as events:
        those = events if run is None else iter(runs_of(events, run)[0])
        left_by = shown(_settled(those, damage), asked, recording, kept=_kept(recording, asked))
        return 128 + left_by if left_by else 0


def _kept(recording: str, asked: Asked) -> Kept | None:
    """The states of threads, for a run of the history; of a file of somebody's there are none."""
    runs, known = history(asked.loaded).folder, threads(asked.loaded)
    if recording == "-" or locate(recording, asked.loaded).absolute().parent != runs:
        return None

    def state(thread: str, moment: float) -> Any:
        path = known.file(thread)
        is_ours = path.parent == known.folder
        return state_at(path, thread, moment, asked.loaded.secrets) if is_ours else None

    return state


async def _settled(events: Iterator[Event], damage: list[RecordingError]) -> Feed:
    while batch := [*_turn(events)]:
        yield batch
        await asyncio.sleep(0.001)  # a key, and what is drawn, take the loop several rounds
    if damage:
        raise damage[0]


def _turn(events: Iterator[Event]) -> Iterator[Event]:
    """What can be read in the time."""
    until = time.monotonic() + _TURN_S
    for event in events:
        yield event
        if time.monotonic() > until:
            return


def require_terminal(asked: Asked) -> None:
    """Raise UsageError where there is none to draw on."""
    require_unix("the inspector", "catagent show --prompts shows all that it knows")
    if not is_capable(asked.loaded.environ, isatty=sys.stdout.isatty()):
        raise UsageError("the inspector needs a terminal", "elsewhere: catagent show, or -o plain")


def shown(
    events: Feed,
    asked: Asked,
    title: str = "",
    *,
    is_live: bool = False,
    kept: Kept | None = None,
) -> int:
    """Show events as they come, until the person leaves: 0; or a signal does: its number.

    What the events end with is raised then. `kept` has the states of threads.
    """
    from catagent.inspect.app import inspect_runs  # Textual: where somebody inspects

    look, stderr = live_look(asked.view(sys.stdout)), os.dup(2)
    for number in (0, 2):  # where Textual reads keys, and where it draws
        os.dup2(1, number)
    try:
        return inspect_runs(events, look=look, title=title, is_live=is_live, kept=kept)
    finally:
        os.dup2(stderr, 2)
