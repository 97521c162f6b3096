"""Finds the recording that a person names: a file, or the id of a run in the history."""

from __future__ import annotations

from pathlib import Path

from catagent.config import Loaded
from catagent.errors import RecordingError
from catagent.recordings.history import History


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
    path = Path(wanted).expanduser()
    if path.exists():
        return path
    try:
        return history(loaded).find(wanted)
    except RecordingError as error:
        if "beginning of" in error.message:
            raise
        raise RecordingError(
            f"no recording at {wanted}, and no such run in the history",
            "catagent runs lists the runs; catagent ask --record FILE makes a recording",
        ) from None
