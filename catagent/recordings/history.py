"""The runs that catagent keeps by itself: one recording a run, in a folder of the user's state.

Bounded in number and in size, oldest out first; readable by their owner alone. Files are numbered
in the order in which their runs began, for clocks go wrong and are put right.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

from msgspec import UNSET, Struct, UnsetType

from catagent import private
from catagent.config import secrets_of
from catagent.errors import OutputError, RecordingError, did_you_mean
from catagent.events import types as ev
from catagent.events.codec import decode, encode_plain
from catagent.events.masking import EventMask
from catagent.recordings.reader import MAX_LINE
from catagent.threads.store import Threads

RecordedStatus = Literal["success", "error", "cancelled", "limit", "interrupted", "unfinished"]
FAILED: tuple[RecordedStatus, ...] = ("error", "limit")
_TAIL = 1 << 16
_OF_END = ("status", "exit_code", "steps", "tool_calls", "duration_s", "ttft_s", "usage", "cost")
# A number, when the run began, its id.
_NAME = re.compile(r"([0-9]{8,18})-[0-9]{8}-[0-9]{6}-(.*)\.jsonl")


class RunSummary(Struct, kw_only=True, tag_field="type", tag="run"):
    """One run of the history, as `catagent runs` lists it. `bytes` is its size on disk.

    `thread` is the id of the conversation that it was part of, `resumes` that of the run that it is
    the answer to. `model` names those that were asked, where the agent brought its own; `models`
    always those, `by_model` what each did. `error` is what a run failed for, `match` the line in
    which a search has found its text. Of a file with several runs it is the first one.
    """

    v: int = 1
    id: str
    path: str
    bytes: int
    ts: str = ""
    question: str = ""
    agent: str = ""
    thread: str = ""
    model: str = ""
    mode: str = ""
    status: RecordedStatus = "unfinished"
    exit_code: int | None = None
    steps: int | None = None
    duration_s: float | None = None
    ttft_s: float | None = None
    usage: ev.Usage | None = None
    cost: ev.Cost = UNSET
    tool_calls: int | None = None
    models: list[str] = []
    by_model: list[ev.ModelUsage] = []
    error: str = ""
    match: str | UnsetType = UNSET
    resumes: str = ""


class History(Struct, kw_only=True, frozen=True):
    """The folder, how much of the disk it may have, and the threads that wait in its runs."""

    folder: Path
    threads: Threads | None = None
    max_runs: int = 200
    max_bytes: int = 200 << 20

    def place_for(self, run_id: str) -> Path:
        """Make room for one more run, and return its file. Raises OutputError where it can't."""
        try:
            private.make(self.folder)
            number = self.prune()
        except OSError as error:
            raise OutputError(
                f"cannot keep this run in {self.folder}: {error.strerror}",
                "turn the history off with --no-history",
            ) from error
        began = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        safe = "".join(c for c in run_id if c.isalnum() or c == "-")
        return self.folder / f"{number:08}-{began}-{safe}.jsonl"

    def claim(self, run_id: str) -> bool:
        """Whether to keep the run. One kept as cancelled makes room: its viewer may have left."""
        kept = [path for _, run, path in self._files() if run == run_id]
        if any(summarise(path).status != "cancelled" for path in kept):
            return False
        for path in kept:
            path.unlink(missing_ok=True)
        return True

    def prune(self) -> int:
        """Remove the oldest runs until one more fits, and return the number of that one."""
        kept, size, files = 0, 0, self._files()
        for _, _, path in reversed(files):
            kept, size = kept + 1, size + _size(path)
            if kept >= self.max_runs or size > self.max_bytes:
                self.remove(path)
        return files[-1][0] + 1 if files else 1

    def remove(self, path: Path) -> None:
        """Remove a recording, and the thread of a run that waits where that is of no other."""
        with contextlib.suppress(FileNotFoundError, PermissionError):
            run = summarise(path)
            path.unlink()
            if self.threads is not None:
                self.threads.let_go(run.thread, run.id)
                self.threads.let_go(run.id, run.id)

    def runs(self) -> Iterator[RunSummary]:
        """Yield the runs, newest first, at the cost of a look at both ends of each file."""
        mask = EventMask(secrets_of())
        for *_, path in reversed(self._files()):
            try:
                yield summarise(path, mask)
            except (FileNotFoundError, PermissionError):
                continue  # pruned by another process meanwhile, or not ours

    def find(self, wanted: str) -> Path:
        """The newest recording of the run whose id begins so, or `last`. Raises RecordingError."""
        files = self._files()
        found = {run: path for _, run, path in files if run.startswith(wanted)} if wanted else {}
        found |= {run: path for _, run, path in files if path.stem == wanted}
        if wanted == "last":
            found = {run: path for _, run, path in files[-1:]}
        if not found:
            known = ["last", *(run[: len(wanted)] for _, run, _ in files)] if files else []
            hint = did_you_mean(wanted, known, "catagent runs lists them", cutoff=0.8)
            lacks = "no such run in the history" if files else "no run was kept yet"
            raise RecordingError(f"no recording at {wanted or repr(wanted)}, and {lacks}", hint)
        if len(found) > 1:
            ids = ", ".join(list(found)[:5])
            raise RecordingError(f"{wanted!r} is the beginning of {len(found)} runs: {ids}")
        return next(iter(found.values()))

    def _files(self) -> list[tuple[int, str, Path]]:
        """The recordings by their names: number, id of the run and path, as they began."""
        try:
            with os.scandir(self.folder) as entries:
                paths = [Path(e.path) for e in entries if _NAME.fullmatch(e.name) and e.is_file()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted((*_named(path), path) for path in paths)


def _named(path: Path) -> tuple[int, str]:
    """The number and the id of a run, as its file is named."""
    found = _NAME.fullmatch(path.name)
    return (int(found[1]), found[2]) if found else (0, path.stem)


def summarise(path: Path, mask: EventMask | None = None) -> RunSummary:
    """Read off both ends of a recording what run it holds. Total: damage leaves fields empty."""
    summary = RunSummary(id=_named(path)[1], path=str(path), bytes=_size(path))
    with path.open("rb") as file:
        first = _decoded(file.readline(MAX_LINE)), _decoded(file.readline(MAX_LINE))
        last = _decoded(_last_line(file, summary.bytes))
    run = next((event for event in first if isinstance(event, ev.RunStarted)), None)
    mask = mask or EventMask(secrets_of())
    if run is not None:
        mask(run)
        summary.ts, began = run.ts, run.data
        summary.question, summary.agent = question(began), began.agent
        summary.model, summary.mode = began.model or "", began.mode
        summary.thread = began.thread_id or ""
        summary.resumes = began.resumes or ""
    if isinstance(last, ev.RunFinished) and (run is None or run.run_id == last.run_id):
        last.data.state = last.data.output = None  # of any size, and not wanted
        mask(last)
        for name in _OF_END:
            setattr(summary, name, getattr(last.data, name))
        summary.by_model = last.data.models
        summary.models = [used.model for used in summary.by_model]
        summary.model = summary.model or ", ".join(summary.models)
        summary.error = last.data.error.message if last.data.error is not None else ""
    return summary


def answered(runs: Iterable[RunSummary]) -> set[str]:
    """The ids of the runs that waited and were answered: what failed may be answered again."""
    return {run.resumes for run in runs if run.status in ("success", "interrupted")}


def waiting(runs: Iterable[RunSummary]) -> Iterator[RunSummary]:
    """Those that wait for an answer, in the same order."""
    kept = list(runs)
    went_on = answered(kept)
    return (run for run in kept if run.status == "interrupted" and run.id not in went_on)


def question(started: ev.RunStartedData) -> str:
    """The question that a run was asked; an input that is not a text as one line of JSON."""
    asked = started.input
    return asked if isinstance(asked, str) else encode_plain(asked).decode().strip()


def _last_line(file: BinaryIO, size: int) -> bytes:
    """The last line, without a look at the rest, however long it is."""
    length, tail = _TAIL, b""
    while b"\n" not in tail.rstrip() and len(tail) < min(size, MAX_LINE):
        file.seek(max(0, size - length))
        tail, length = file.read(length), length * 4
    return tail.rstrip().rpartition(b"\n")[2]


def _decoded(line: bytes) -> ev.Event | None:
    try:
        return decode(line)
    except RecordingError:
        return None


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - twice as fast, and there may be thousands
    except FileNotFoundError:
        return 0
