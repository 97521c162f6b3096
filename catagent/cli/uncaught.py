"""Reports what fails alongside a run, in tasks, threads and finalisers: a masked line on stderr.

Python would print a traceback, secrets included. Such a failure does not end the run.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from catagent.cli.stderr import say, say_traceback
from catagent.failures.exceptions import described
from catagent.redact import redact, shortened

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_SHOWN = 300


class Background(logging.Handler):
    """Reports failures that nobody awaits, to the end of the process: some come only there."""

    def __init__(self, secrets: Iterable[str], *, debug: bool) -> None:
        super().__init__(logging.WARNING)
        self._secrets = tuple(secrets)
        self._debug = debug

    def install(self) -> None:
        """Replace Python's hooks for such failures, and asyncio's log."""
        threading.excepthook = self._of_thread
        sys.unraisablehook = self._of_finaliser
        log = logging.getLogger("asyncio")
        log.handlers, log.propagate = [self], False

    def report(self, what: str, raised: BaseException | None) -> None:
        """Report a failure in one line, and with `--debug` where it came from."""
        with contextlib.suppress(Exception):  # stderr may be closed by now
            said = "" if raised is None else f": {described(raised)}"
            line = " ".join(redact(f"{what}{said}", self._secrets).split())
            say(f"catagent: warning: {shortened(line, _SHOWN)}")
            if self._debug and raised is not None:
                say_traceback(raised)

    def _of_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            name = args.thread.name if args.thread is not None else ""
            self.report(f"a thread of the agent's failed ({name})", args.exc_value)

    def _of_finaliser(self, args: UnraisableHookArgs) -> None:
        # Where that is gone Python is being torn down: nothing can be imported, ours nor theirs.
        if sys.meta_path is not None:
            self.report("something failed while it was cleared away", args.exc_value)

    def emit(self, record: logging.LogRecord) -> None:
        """Report what asyncio logs: it does so of tasks."""
        raised = record.exc_info[1] if record.exc_info else None
        if raised is not None:
            self.report("a task of the agent's failed, and nobody awaited it", raised)
        else:
            self.report(record.getMessage().partition("\n")[0], None)
