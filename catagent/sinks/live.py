"""The live view on a terminal: events in from the event loop, frames out from a painter thread.

`write` appends to a queue and returns. Whatever the terminal does, the agent never waits for it.
"""

import atexit
import contextlib
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Self, TextIO

from catagent.events.types import Answer, Event, RunStarted
from catagent.sinks.capture import LineCutter, Tap, typed
from catagent.sinks.painter import RESTORE, Painter
from catagent.sinks.terminal import JobControl, Terminal
from catagent.views.live import LiveView
from catagent.views.options import ViewOptions
from catagent.views.style import Look
from catagent.views.transcript import Transcript
from catagent.views.wrap import cells, without_colors

FRAMES_PER_SECOND = 12
# How long `close` waits for a terminal that takes nothing at all.
PATIENCE_S = 5.0
# Rows of a program that wait to be shown, and what is looked at of one that is being written.
_MOST_ROWS, _LONGEST_TYPED = 5000, 4000
# What a prompt may have asked of the terminal: to mark what is pasted.
_NO_PASTE = "\x1b[?2004l"


class LiveSink:
    """Shows a run on the terminal that `out` is open on. `start` draws the first frame.

    Until `close`, echo is off and what others write to the same terminal goes into the picture.
    With `raw`, all keys are for a program whose rows it shows as they are (`cli.pty`), and
    `on_resume` is called where somebody has continued us.
    """

    def __init__(self, options: ViewOptions, out: TextIO | int, *, raw: bool = False) -> None:
        self._options = options
        fd = os.dup(out if isinstance(out, int) else out.fileno())
        self.terminal = Terminal(fd, raw=raw)
        self._painter = Painter(fd)
        self._cutter, self._begun, self._in_row = LineCutter(), "", False
        self.on_resume: Callable[[], object] = lambda: None
        self._view = LiveView(options, time.monotonic())
        self._has_program = raw
        # Events, rows of a program, and lines of others, in the order in which they came.
        self._queue: deque[Event | str | tuple[str] | Callable[[Transcript], object]] = deque()
        self._status = "starting"
        self._size = self.terminal.size()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._paused = self._aside = self._gone = self._resumed = False
        self._tap: Tap | None = None
        self._jobs = JobControl(self._pause, self._resume)
        self._thread = threading.Thread(target=self._paint, name="catagent-painter", daemon=True)

    def start(self) -> Self:
        """Take the terminal and draw the first frame, at once."""
        _open_sinks.add(self)
        self._tick()
        shared = [fd for fd in (1, 2) if self.terminal.is_also(fd)]
        self._tap = Tap(shared, lambda line: self._queue.append((line,))) if shared else None
        self._jobs.__enter__()
        self._thread.start()
        return self

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

    def passed(self, data: bytes) -> None:
        """Show rows of a program, and what has come of its next one; wait while many do."""
        self._queue.extend(typed(row) if "\b" in row else row for row in self._cutter.feed(data))
        while len(self._queue) > _MOST_ROWS and not self._gone:
            time.sleep(1 / FRAMES_PER_SECOND)

    def pass_on(self, data: bytes, row: bytes = b"") -> None:
        """Write for a program to the terminal that is its own now; `row` goes on with its row."""
        self._cutter.feed(row)
        self._in_row = not data.endswith(b"\n") if data else self._in_row
        while data and not self._gone:
            data = data[os.write(self.terminal.fd, data) :]

    def stand_back(self) -> None:
        """Leave the terminal to a program, its last row as it was, and show nothing any more."""
        with self._lock:
            self._aside = True
            self._guarded(self._uncover)

    def come_back(self) -> None:
        """Go on below what the program has left there."""
        self._aside, self._resumed = False, True

    @property
    def look(self) -> Look:
        """The colours and glyphs in use."""
        return self._view.transcript.look

    def show(self, change: Callable[[Transcript], object]) -> None:
        """Have more shown than events say, where in their order this is called."""
        self._queue.append(change)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Show what there is, and stand back, with the terminal as it was, for a prompt."""
        self.stand_back()
        self._jobs.__exit__()
        self.terminal.lend()
        try:
            yield
        finally:
            self._jobs.__enter__()
            self.come_back()

    def close(self) -> None:
        """Show what is left, for good, and give the terminal back as it was."""
        self._jobs.__exit__()
        if self._tap is not None:
            self._tap.close()
        self._stop.set()
        if self._thread.ident is not None:
            self._wait_for_painter()
        self.terminal.give_back()
        _open_sinks.discard(self)
        self._gone = True
        if not self._thread.is_alive():
            os.close(self.terminal.fd)

    def rescue(self) -> None:
        """Give everything back at once, without a lock or a wait: the process is about to die."""
        self._gone = True
        if self._tap is not None:
            self._tap.give_back()
        self.terminal.give_back()
        with contextlib.suppress(OSError):
            if select.select([], [self.terminal.fd], [], 0)[1]:  # it would not make us wait
                os.write(self.terminal.fd, (_NO_PASTE + RESTORE).encode())
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
        """The run goes on whatever happens to its picture: without one, or without a footer."""
        try:
            draw()
        except OSError:
            self._gone = True
        except Exception as error:
            if self._view.failed:
                self._gone = True
            else:
                self._view.failed = error
                self._guarded(draw)

    def _draw(self) -> None:
        self._collect()
        if self._paused or self._aside or self._gone or not self.terminal.is_ours():
            self._painter.forget()
            if self._has_program and not (self._paused or self._aside or self._gone):
                self._painter.append(self._final())
            return
        resumed, self._resumed = self._resumed, False
        self.terminal.take(again=resumed)
        size = self.terminal.size()
        if size != self._size or resumed:
            self._size = size
            self._painter.forget()
        final, footer = self._view.frame(size, time.monotonic(), self._status)
        cursor = cells(without_colors(footer[0])) if self._begun else None
        self._painter.frame(final, footer, cursor)

    def _row(self) -> str:
        """What the program has written of its next row."""
        return self._cutter.partial.decode("utf-8", "replace")

    def _final(self) -> list[str]:
        return self._view.frame(self.terminal.size(), time.monotonic(), self._status).final

    def _uncover(self) -> None:
        self._collect()
        self._painter.finish(self._final())
        self.pass_on(self._cutter.partial)

    def _finish(self) -> None:
        self._collect()
        unended = self._in_row if self._aside else self._begun
        self._view.printed(["" if self._aside else self._row()] if unended else [])
        rows = self._view.last(self.terminal.size())
        if self._gone:
            return
        if self.terminal.is_ours():
            self._painter.finish(rows)
        else:
            self._painter.append(rows)

    def _collect(self) -> None:
        now, shown = time.monotonic(), self._view.transcript
        shown.width = self._view.width(self.terminal.size())
        self._begun = typed(self._row()[-_LONGEST_TYPED:])
        rows: list[str] = []
        while self._queue:
            if isinstance(item := self._queue[0], str):
                rows.append(item)
            else:
                if rows:
                    self._view.printed(rows, self._begun)
                    rows = []
                # Taken out afterwards: where the view raises, its rescue gets the event.
                if isinstance(item, tuple):
                    shown.outside(item)
                elif callable(item):
                    item(shown)
                else:
                    self._view.update(item, now)
            self._queue.popleft()
        self._view.printed(rows, self._begun)

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
        self.terminal.give_back()

    def _resume(self) -> None:
        self._paused, self._resumed = False, True
        self.on_resume()


_open_sinks: set[LiveSink] = set()


def restore_terminal() -> None:
    """Give every terminal back at once: for handlers of fatal signals. Also runs at exit."""
    for sink in list(_open_sinks):
        sink.rescue()


atexit.register(restore_terminal)
