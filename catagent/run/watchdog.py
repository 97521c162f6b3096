"""The watchdog: ends the process of a run whose event loop stands still when it is to end.

A tool that blocks the loop (`time.sleep` in an async tool) keeps every task from running, also
the one that would end the run. Signals and limits are heard all the same: on a thread. As long as
the loop responds the run ends by itself, within its shutdown budget.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from catagent.run.session import Session
from catagent.stop import SHUTDOWN_S

_LOOK_S = 0.05


@contextmanager
def watchdog(session: Session, leave: Callable[[], None]) -> Iterator[None]:
    """While inside, end the process with the run's exit code if the loop stands still at the end.

    `leave` closes what is open and says what there is to say, on a thread, in place of the caller:
    only one of the two gets to do so.
    """
    over, last_word = threading.Event(), threading.Lock()

    def watch() -> None:
        while not over.wait(_LOOK_S):
            if session.is_due and not session.responds(SHUTDOWN_S) and last_word.acquire(False):
                _end_process(session, leave)

    threading.Thread(target=watch, name="catagent-watchdog", daemon=True).start()
    try:
        yield
    finally:
        last_word.acquire()  # never given back: where the thread has it, the process ends here
        over.set()


def _end_process(session: Session, leave: Callable[[], None]) -> None:
    try:
        session.abandon()
        leave()
    finally:
        os._exit(session.exit_code)
