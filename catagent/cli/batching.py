"""Asks the questions of a file, and prints their results: the body of `catagent batch`."""

from __future__ import annotations

import contextlib
import gc
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TextIO

from msgspec import UNSET

from catagent import private
from catagent.batch.attempts import Attempts
from catagent.batch.batch import Batch
from catagent.batch.earlier import Earlier
from catagent.batch.questions import Question, questions
from catagent.cli.agent import request_of, with_agent
from catagent.cli.asked import Asked
from catagent.cli.batch_results import again, file_name, take_in
from catagent.cli.run_request import notice
from catagent.cli.stderr import is_stalled, say
from catagent.cli.uncaught import Background
from catagent.errors import CatagentError, OutputError, UsageError
from catagent.events.codec import encode_plain
from catagent.events.result import Result
from catagent.run.answers import answering
from catagent.run.recorders import recorders
from catagent.run.request import Request
from catagent.run.turns import Keep
from catagent.sinks.jsonl import JsonlSink
from catagent.sinks.stdout_guard import reserved
from catagent.stop import Interrupts, Stop
from catagent.views.options import is_capable

if TYPE_CHECKING:
    from catagent.cli.batch_progress import Progress


class Wanted(NamedTuple):
    """What a batch is to do: the questions of a `file`, but for those answered in `resume`."""

    file: str
    concurrency: int
    retries: int
    resume: Sequence[Path]
    record_dir: Path | None


def ask_all(wanted: Wanted, asked: Asked) -> int:
    """Ask them, and return the exit code. Raises CatagentError for what ends the whole batch."""
    asked, python = with_agent(asked)
    request = request_of(asked, python, "")
    if asked.settings.max_cost:
        request.require_prices()
    _make(wanted.record_dir)
    stop = Stop()
    with (
        _opened(wanted.file) as stream,
        reserved(sys.stdout) as stdout,
        Interrupts(stop) as signals,
    ):
        asking = _Asking(wanted, asked, request, stdout, stop)
        left = asking.questions(stream)
        gc.set_threshold(10_000, 5, 2)  # else the garbage of a hundred runs piles up
        notice(request, asked)
        Background(asked.loaded.secrets, debug=asked.debug).install()
        signals.cancel, signals.rescue = asking.batch.cancel, asking.rescue
        asking.batch.execute(left, asking.end)
        asking.end()
    if isinstance(stop.why, CatagentError):
        raise stop.why
    return asking.batch.exit_code


class _Asking:
    """A batch, its results on stdout, and what is said of it on stderr."""

    def __init__(
        self, wanted: Wanted, asked: Asked, request: Request, stdout: TextIO, stop: Stop
    ) -> None:
        self._wanted, self._asked, self._request, self._stdout = wanted, asked, request, stdout
        self._tools = [*filter(None, map(str.strip, (asked.auto_approve or "").split(",")))]
        self._earlier, self._skipped = Earlier(asked.loaded.secrets), 0
        self._began = time.monotonic()
        self._sink = JsonlSink(stdout.buffer, stop)
        self.batch = Batch(self._attempts, self._take, concurrency=wanted.concurrency, stop=stop)
        self._progress: Progress | None = None

    def questions(self, stream: BinaryIO) -> Iterator[Question]:
        """Those that were not answered. Raises UsageError for what cannot be gone on with."""
        take_in(self._wanted.resume, self._earlier, self._stdout.fileno())
        total, file = None, os.fstat(stream.fileno())
        if stat.S_ISREG(file.st_mode):
            if os.path.samestat(file, os.fstat(self._stdout.fileno())):
                raise UsageError("the results would be asked in their turn", "> another file")
            at = stream.tell()
            total = self._earlier.expect(questions(stream))
            stream.seek(at)
        if not stream.isatty():  # else they are being typed
            self._begin(total)
        return (each for each in questions(stream) if not self._has(each))

    def _begin(self, total: int | None) -> None:
        """Show how far it is, where a terminal has room for that alone."""
        if self._asked.quiet or self._stdout.isatty():
            return
        if is_capable(self._asked.loaded.environ, isatty=sys.stderr.isatty()):
            from catagent.cli.batch_progress import Progress  # Rich, for who sees it

            self._progress = Progress(total, self._asked.view(sys.stderr))

    def rescue(self) -> None:
        """Leave the terminal as it was, at once and from any thread."""
        if self._progress is not None:
            self._progress.close()

    def _has(self, question: Question) -> bool:
        is_answered = self._earlier.has(question)
        self._skipped += is_answered
        return is_answered

    def _attempts(self, question: Question) -> Attempts:
        return Attempts(
            question,
            self._request,
            self._asked.loaded,
            retries=self._wanted.retries,
            keep=self._keep(question),
            approve=answering({}, self._tools),
        )

    def _keep(self, question: Question) -> Keep:
        folder, own = self._wanted.record_dir, None if question.id is UNSET else question.id

        def keep(run_id: str) -> Any:
            file = folder and folder / file_name(question.n, own, run_id)
            return recorders(run_id, self.batch.stop, record=file)

        return keep

    def _take(self, result: Result) -> None:
        self._sink.put(encode_plain(result))
        if self._progress is not None:
            self._progress.show(self.batch.counts)

    def end(self) -> None:
        """Say what came of it, and how to go on, unless that would keep us from the end."""
        self.rescue()
        why, counts, earlier = self.batch.stop.why, self.batch.counts, self._earlier
        if self._asked.quiet or (why is not None and is_stalled()):
            return
        done, failed = counts["success"], counts.total() - counts["success"]
        before = f", {self._skipped} before" * bool(self._skipped)
        took = time.monotonic() - self._began
        hint = ""
        if failed or why is not None:
            hint = f"ask the rest: {again(self._stdout.fileno())}"
        if counts or not isinstance(why, CatagentError):
            say(f"catagent: {done} answered{before}, {failed} failed, in {took:.1f} s", hint)
        if why is None and earlier.moved + earlier.unasked:
            say(
                "catagent: warning: the questions are not those that were answered before: "
                f"{earlier.moved} were at another line, {earlier.unasked} are not there"
            )


def _make(folder: Path | None) -> None:
    try:
        private.make(folder or Path())
    except OSError as error:
        raise OutputError(f"cannot record to {folder}: {error.strerror}") from None


def _opened(name: str) -> contextlib.AbstractContextManager[BinaryIO]:
    """The input, open. Raises UsageError where it cannot be read."""
    if name == "-":
        return contextlib.nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}", "- reads stdin") from None
