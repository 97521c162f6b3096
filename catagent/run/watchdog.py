"""The last resort: ends the process of a run whose event loop stands still.

A tool that blocks the loop (`time.sleep` in an async tool) keeps every task from running, also
the one that would end the run. Signals and limits are heard all the same: on a thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from catagent.events.types import RunFinishedData
from catagent.run.session import Session

_LOOK_S = 0.05
# What a run has to end by itself, once it is due.
_GRACE_S = 0.45


@contextmanager
def last_resort(
    session: Session, close: Callable[[], None], epilogue: Callable[[RunFinishedData], None]
) -> Iterator[None]:
    """While inside, end the run and the process when the run is due to end and does not."""
    over = threading.Event()
    leave = partial(_leave, session, close, epilogue)
    arguments = (session, over, leave)
    threading.Thread(target=_watch, args=arguments, name="last-resort", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(session: Session, over: threading.Event, leave: Callable[[], None]) -> None:
    while not over.wait(_LOOK_S):
        if session.is_due and not over.wait(_GRACE_S):
            leave()


def _leave(
    session: Session, close: Callable[[], None], epilogue: Callable[[RunFinishedData], None]
) -> None:
    finished = session.abandon().data
    try:
        close()
        epilogue(finished)
    finally:
        os._exit(finished.exit_code)
