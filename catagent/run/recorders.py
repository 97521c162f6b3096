"""Where a run is kept: the recording that a person asked for, and the history."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from catagent.errors import OutputError
from catagent.recordings.history import History
from catagent.sinks.recorder import Recorder
from catagent.stop import Stop


class Keep(Struct, kw_only=True, frozen=True):
    """What to keep of a run: `record` is a file, replaced with `force`; `history` the folder."""

    record: Path | None = None
    force: bool = False
    history: History | None = None


@contextlib.contextmanager
def recorders(keep: Keep, run_id: str, stop: Stop) -> Iterator[list[Recorder]]:
    """Yield the open recorders of one run, and close them; none waits past `stop`.

    Raises OutputError for a recording that cannot be made; the history never stops a run.
    """
    with contextlib.ExitStack() as stack:
        found: list[Recorder] = []
        if keep.record is not None:
            found.append(Recorder(keep.record, stop, force=keep.force))
        if keep.history is not None:
            with contextlib.suppress(OutputError):
                found.append(Recorder(keep.history.place_for(run_id), required=False))
        for recorder in found:
            stack.callback(recorder.close)
        yield found
