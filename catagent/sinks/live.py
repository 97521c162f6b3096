"""The live view on a terminal: events in from the event loop, frames out from a painter thread.

`write` appends to a queue and returns. Whatever the terminal does, the agent never waits for it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from catagent.events.types import Answer, Event, RunStarted
from catagent.sinks.capture import Tap
from catagent.sinks.painter import RESTORE, Painter
from catagent.sinks.terminal import JobControl, Terminal
from catagent.views.live import Fallback, LiveView
from catagent.views.options import ViewOptions

FRAMES_PER_SECOND = 12
# How long `close` waits for a terminal that takes nothing at all.
PATIENCE_S = 5.0


class LiveSink:
    """Shows a run on the terminal that `out` is open on. `start` draws the first frame.

    Until `close`, echo is off and what others write to the same terminal goes into the picture.
    """

    def __init__(self, options: ViewOptions, out: TextIO | int) -> None:
        self._options = options
        self._terminal = Terminal(os.dup(out if isinstance(out, int) else out.fileno()))
        self._painter = Painter(self._terminal.fd)
        self._view: LiveView | Fallback = LiveView(options, time.monotonic())
        self._queue: deque[Event] = deque()
        self._status = "starting"
        self._size = self._terminal.size()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._paused = self._gone = self._resumed = False
        self._tap: Tap | None = None
        self._jobs = JobControl(self._pause, self._resume)
        self._thread = threading.Thread(target=self._paint, name="catagent-painter", daemon=True)

    def start(self) -> None:
        """Take the terminal and draw the first frame, at once."""
        _open_sinks.add(self)
        self._tick()
        shared = [fd for fd in (1, 2) if self._terminal.is_also(fd)]
        self._tap = Tap(shared) if shared else None
        self._jobs.install()
        self._thread.start()

    def status(self, text: str) -> None:
        """Show what is awaited, until the run itself shows something."""
        self._status = text

    def write(self, event: Event) -> None:
        """Take one event. Never raises, and never waits for the terminal."""
        self._queue.append(event)
        if self._options.status_only and isinstance(event, Answer):
            # What reads our stdout may write to this terminal, and the answer is next.
            self._hide()
        elif self._paused and isinstance(event, RunStarted):
            self._resume()

    def close(self) -> None:
        """Show what is left, for good, and give the terminal back as it was."""
        self._jobs.remove()
        if self._tap is not None:
            self._tap.close()
        self._stop.set()
        if self._thread.ident is not None:
            self._wait_for_painter()
        self._terminal.give_back()
        _open_sinks.discard(self)
        self._gone = True
        if not self._thread.is_alive():
            os.close(self._terminal.fd)

    def rescue(self) -> None:
        """Give everything back at once, without a lock or a wait: the process is about to die."""
        self._gone = True
        if self._tap is not None:
            self._tap.give_back()
        self._terminal.give_back()
        self._terminal.write_if_ready(RESTORE.encode())
        _open_sinks.discard(self)

    def _wait_for_painter(self) -> None:
        written, waited = self._painter.written, 0.0
        while self._thread.is_alive() and waited < PATIENCE_S:
            self._thread.join(timeout=0.1)
            waited = 0.0 if self._painter.written > written else waited + 0.1
            written = self._painter.written

    # On the painter's thread

    def _paint(self) -> None:
        while not self._stop.wait(1 / FRAMES_PER_SECOND):
            self._tick()
        with self._lock:
            self._guarded(self._finish)

    def _tick(self) -> None:
        with self._lock:
            self._guarded(self._draw)

    def _guarded(self, draw: Callable[[], None]) -> None:
        """The run goes on whatever happens to its picture: without one, or in plain lines."""
        try:
            draw()
        except OSError:
            self._gone = True
        except Exception as error:
            if isinstance(self._view, LiveView):
                self._view = Fallback(self._view, error)
                self._guarded(draw)
            else:
                self._gone = True

    def _draw(self) -> None:
        self._collect()
        if self._paused or self._gone or not self._terminal.is_ours():
            self._painter.forget()
            return
        resumed, self._resumed = self._resumed, False
        self._terminal.take(again=resumed)
        size = self._terminal.size()
        if size != self._size or resumed:
            self._size = size
            self._painter.forget()
        self._painter.frame(*self._view.frame(size, time.monotonic(), self._status))

    def _finish(self) -> None:
        self._collect()
        rows = self._view.last(self._terminal.size())
        if self._gone:
            return
        if self._terminal.is_ours():
            self._painter.finish(rows)
        else:
            self._painter.append(rows)

    def _collect(self) -> None:
        now = time.monotonic()
        if self._tap is not None:
            self._view.outside(self._tap.lines())
        while self._queue:
            # Taken out afterwards: where the view raises, its rescue gets the event.
            self._view.update(self._queue[0], now)
            self._queue.popleft()

    # On the main thread

    def _hide(self) -> None:
        self._paused = True
        # The painter may be held up by a terminal that blocks: then the picture stays.
        if self._lock.acquire(timeout=0.1):
            with contextlib.suppress(OSError):
                self._painter.finish([])
            self._lock.release()

    def _pause(self) -> None:
        self._hide()
        self._terminal.give_back()

    def _resume(self) -> None:
        self._paused, self._resumed = False, True


_open_sinks: set[LiveSink] = set()


def restore_terminal() -> None:
    """Give every terminal back at once: for handlers of fatal signals. Also runs at exit."""
    for sink in list(_open_sinks):
        sink.rescue()


atexit.register(restore_terminal)
