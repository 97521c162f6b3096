"""Where a run is kept: the recording that a person asked for, and the history."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from catagent.errors import OutputError
from catagent.events.types import Event
from catagent.recordings.history import History
from catagent.sinks.base import RecorderSink
from catagent.sinks.recorder import Recorder
from catagent.stop import Stop


class Keep(Struct, kw_only=True, frozen=True):
    """What to keep of a run: `record` is a file, replaced with `force`; `history` the folder."""

    record: Path | None = None
    force: bool = False
    history: History | None = None


class _Unmade:
    """In the place of a file of the history that could not be made: its failure is a warning."""

    required = False

    def __init__(self, why: OutputError) -> None:
        self._why = why

    def write(self, _: Event) -> None:
        raise OSError(self._why.message)

    def close(self) -> None:
        """There is nothing to close."""


@contextlib.contextmanager
def recorders(keep: Keep, run_id: str, stop: Stop) -> Iterator[list[RecorderSink]]:
    """Yield the open recorders of one run. Raises OutputError, but never for the history."""
    with contextlib.ExitStack() as stack:
        found: list[RecorderSink] = []
        if keep.record is not None:
            found.append(Recorder(keep.record, stop, force=keep.force))
        if keep.history is not None:
            found.append(_of_history(keep.history, run_id))
        for recorder in found:
            stack.callback(recorder.close)
        yield found


def _of_history(history: History, run_id: str) -> RecorderSink:
    try:
        return Recorder(history.place_for(run_id), required=False)
    except OutputError as error:
        return _Unmade(error)
