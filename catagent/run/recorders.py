"""Where a run is kept: the recording that a person asked for, and the history."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catagent.errors import ExitCode, OutputError
from catagent.events.types import Event, RunFinished, RunStarted, Warned
from catagent.recordings.history import History
from catagent.sinks.base import RecorderSink
from catagent.sinks.recorder import Recorder
from catagent.stop import Stop


@dataclass
class _Unmade(RecorderSink):
    """In the place of a file of the history that could not be made: its failure is a warning."""

    why: OutputError
    required: bool = False

    def write(self, _: Event) -> None:
        raise OSError(self.why.message)


class _Kept(Recorder):
    """A run of the history, unless it was refused before its agent began: then no file is left."""

    _begun = False

    def write(self, event: Event) -> None:
        super().write(event)
        self._begun = self._begun or not isinstance(event, RunStarted | Warned | RunFinished)
        if self._begun or not isinstance(event, RunFinished):
            return
        if event.data.exit_code == ExitCode.USAGE:
            self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def recorders(
    run_id: str,
    stop: Stop,
    *,
    record: Path | None = None,
    force: bool = False,
    history: History | None = None,
) -> Iterator[list[RecorderSink]]:
    """Yield the open recorders of one run: `record` is a file, replaced with `force`.

    Raises OutputError, but never for the history.
    """
    found: list[RecorderSink] = []
    with contextlib.ExitStack() as stack:
        if record is not None:
            found.append(Recorder(record, stop, force=force))
        if history is not None:
            try:
                found.append(_Kept(history.place_for(run_id), required=False))
            except OutputError as error:
                found.append(_Unmade(error))
        for recorder in found:
            stack.callback(recorder.close)
        yield found
