"""Shows what was recorded in the inspector: the body of `catagent inspect`, and its terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice

from catagent.cli.asked import Asked
from catagent.cli.recordings import recorded, runs_of
from catagent.errors import RecordingError, UsageError
from catagent.events.types import Event
from catagent.views.options import is_capable
from catagent.views.style import live_look

_BATCH = 1000  # events between two looks at the keyboard


def walk_through(asked: Asked, recording: str, run: str | None) -> int:
    """Show the runs of a recording, or the one whose id begins so, until the person leaves.

    Returns the exit code. Raises RecordingError, and UsageError where there is no terminal.
    """
    require_terminal(asked)
    damage: list[RecordingError] = []
    with recorded(recording, asked.loaded, damage) as events:
        those = events if run is None else iter(runs_of(events, run)[0])
        left = shown(_settled(those, damage), asked, recording)
        return 128 + left if left else 0


async def _settled(
    events: Iterator[Event], damage: list[RecordingError]
) -> AsyncIterator[Sequence[Event]]:
    while batch := [*islice(events, _BATCH)]:
        yield batch
        await asyncio.sleep(0)
    if damage:
        raise damage[0]


def require_terminal(asked: Asked) -> None:
    """Raise UsageError where there is no screen to draw on, or no keys to be read."""
    if not is_capable(asked.loaded.environ, isatty=sys.stdout.isatty() and _has_keys()):
        raise UsageError("the inspector needs a terminal", "elsewhere: catagent show, or -o plain")


def _has_keys() -> bool:
    with contextlib.suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR))
        return True
    return sys.stdin.isatty()


def shown(
    events: AsyncIterator[Sequence[Event]], asked: Asked, title: str, *, is_live: bool = False
) -> int:
    """Show events as they come, until the person leaves: 0; or a signal does: its number.

    What the events end with is raised then.
    """
    from catagent.inspect.app import inspect_runs  # Textual: where somebody inspects

    look = live_look(asked.view(sys.stdout))
    with _terminal():
        return inspect_runs(events, look=look, title=title, is_live=is_live)


@contextlib.contextmanager
def _terminal() -> Iterator[None]:
    """Have Textual read keys off the terminal and draw on it, wherever stdin and stderr lead."""
    kept = {number: os.dup(number) for number in (0, 2) if not os.isatty(number)}
    if 0 in kept:
        keys = os.open("/dev/tty", os.O_RDWR)
        os.dup2(keys, 0)
        os.close(keys)
    if 2 in kept:
        sys.stderr.flush()
        os.dup2(1, 2)
    try:
        yield
    finally:
        for number, before in kept.items():
            os.dup2(before, number)
            os.close(before)
