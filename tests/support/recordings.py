"""A recording, read whole."""

from __future__ import annotations

from pathlib import Path

from catagent.errors import RecordingError
from catagent.events.types import Event
from catagent.recordings.reader import read


def read_recording(path: Path) -> tuple[list[Event], RecordingError | None]:
    """All events of a recording, and what is wrong with it. Raises RecordingError for none."""
    events: list[Event] = []
    try:
        for event in read(path):
            events.append(event)
    except RecordingError as damage:
        if not events:
            raise
        return events, damage
    return events, None
