"""What fails beside a run, in tasks, threads and finalisers: one masked line each on stderr.

Python prints a traceback of such things, with whatever is in it. They end nothing.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from catagent.cli.stderr import say, say_traceback
from catagent.redact import redact, shortened

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_SHOWN = 300


class Background:
    """Tells of failures that nobody awaits. `install` stays: some come when the process ends."""

    def __init__(self, secrets: Iterable[str], *, debug: bool) -> None:
        self._secrets = tuple(secrets)
        self._debug = debug

    def install(self) -> None:
        """Stand in for the hooks of Python, and for the log of asyncio."""
        threading.excepthook = self._of_thread
        sys.unraisablehook = self._of_finaliser
        log = logging.getLogger("asyncio")
        log.handlers, log.propagate = [_Handler(self)], False

    def tell(self, what: str, raised: BaseException | None) -> None:
        """Say it in one line; where it came from too, for whoever asked with `--debug`."""
        with contextlib.suppress(Exception):  # there may be no stderr any more
            said = "" if raised is None else f": {type(raised).__name__}: {_text(raised)}"
            line = " ".join(redact(f"{what}{said}", self._secrets).split())
            say(f"catagent: warning: {shortened(line, _SHOWN)}")
            if self._debug and raised is not None:
                say_traceback(raised)

    def _of_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            name = args.thread.name if args.thread is not None else ""
            self.tell(f"a thread of the agent's failed ({name})", args.exc_value)

    def _of_finaliser(self, args: UnraisableHookArgs) -> None:
        self.tell("something failed while it was cleared away", args.exc_value)


class _Handler(logging.Handler):
    """What asyncio logs is what became of tasks that nobody awaited."""

    def __init__(self, background: Background) -> None:
        super().__init__(logging.WARNING)
        self._background = background

    def emit(self, record: logging.LogRecord) -> None:
        raised = record.exc_info[1] if record.exc_info else None
        if raised is not None:
            self._background.tell("a task of the agent's failed, and nobody awaited it", raised)
        else:
            self._background.tell(record.getMessage().partition("\n")[0], None)


def _text(raised: BaseException) -> str:
    try:
        return str(raised)
    except Exception:  # it is a stranger's
        return ""
