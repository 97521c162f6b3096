"""A run as an asciinema recording (version 2): the live view, frame by frame, at recorded time."""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence

from catagent.events.timestamps import epoch
from catagent.events.types import Event
from catagent.exports import facts
from catagent.exports.facts import final_state
from catagent.sinks.painter import Painter
from catagent.views.live import LiveView, Size
from catagent.views.options import ViewOptions
from catagent.views.sanitize import clean_line

SIZE = Size(columns=88, rows=26)
_FRAME_S = 1 / 12
_IDLE_LIMIT_S = 2


def recording(events: Sequence[Event], title: str | None = None) -> str:
    """Return the lines of the recording."""
    header = {
        "version": 2,
        "width": SIZE.columns,
        "height": SIZE.rows,
        "timestamp": int(epoch(events[0].ts) or 0) if events else 0,
        "idle_time_limit": _IDLE_LIMIT_S,
        "title": clean_line(facts.title(final_state(events), title)),
        "env": {"TERM": "xterm-256color"},
    }
    frames = ([round(at, 3), "o", output] for at, output in _frames(events) if output)
    lines = (json.dumps(line, ensure_ascii=False) for line in (header, *frames))
    return "\n".join(lines) + "\n"


def _frames(events: Sequence[Event]) -> Iterator[tuple[float, str]]:
    """Yield what was drawn, and when, in seconds since the beginning."""
    view, drawn, came = LiveView(ViewOptions(color="16"), began=0.0), 0.0, 0.0
    with tempfile.TemporaryFile() as screen:
        painter = Painter(screen.fileno())
        for event, now in _timed(events):
            if (moment := max(drawn + _FRAME_S, came)) <= now:
                painter.frame(*view.frame(SIZE, moment, ""))
                yield moment, _drawn(painter)
                drawn = moment
            view.update(event, now)
            came = now
        painter.finish(view.last(SIZE))
        yield came, _drawn(painter)


def _drawn(painter: Painter) -> str:
    """What the painter has written since the last call."""
    end = os.lseek(painter.fd, 0, os.SEEK_CUR)
    os.lseek(painter.fd, 0, os.SEEK_SET)
    drawn = os.read(painter.fd, end).decode()
    os.lseek(painter.fd, 0, os.SEEK_SET)
    return drawn


def _timed(events: Sequence[Event]) -> Iterator[tuple[Event, float]]:
    """Each event with its time in seconds since the beginning, which never runs backwards."""
    began, now = next((at for each in events if (at := epoch(each.ts)) is not None), 0.0), 0.0
    for event in events:
        at = epoch(event.ts)
        now = now if at is None else max(now, at - began)
        yield event, now
