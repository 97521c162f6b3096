"""Shows recordings settled, as they are read: `catagent show` and `catagent runs threads show`."""

import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from catagent.cli.asked import Asked
from catagent.cli.outputs import resolve
from catagent.cli.pager import page
from catagent.cli.recordings import history, recorded, runs_of
from catagent.cli.stderr import say, write
from catagent.config import Loaded
from catagent.errors import RecordingError
from catagent.events.prompts import Prompts
from catagent.events.state import RunState, reduce
from catagent.events.types import Event, LlmStarted
from catagent.exports.text import WIDTH, transcript_rows
from catagent.recordings.reader import Runs, read_from
from catagent.sinks.terminal import Terminal
from catagent.threads.store import Thread
from catagent.views.format import count
from catagent.views.options import readable
from catagent.views.stats import table
from catagent.views.style import live_look, plain_look


def show_runs(
    asked: Asked, recording: str, run: str | None = None, *, prompts: bool = False
) -> None:
    """Show the runs of a recording, or the one whose id begins so. Raises RecordingError."""
    states = defaultdict[str, RunState](RunState)
    with recorded(recording, asked.loaded) as events:
        those = events if run is None else runs_of(events, run)[0]
        taken = _taken(those, states, prompts=prompts)
        _print(filter(asked.filters.keeps, taken), asked, prompts=prompts)
        if asked.stats:
            deque(taken, maxlen=0)  # what who left the pager has not seen
            write("\n".join(map(table, states.values())))


def show_thread(thread: Thread, asked: Asked, *, prompts: bool = False) -> None:
    """Show the runs of a thread, the oldest first, as far as the history has them."""
    states = defaultdict[str, RunState](RunState)
    taken = _taken(_events_of(thread, asked.loaded), states, prompts=prompts)
    _print(filter(asked.filters.keeps, taken), asked, prompts=prompts)


def _events_of(thread: Thread, loaded: Loaded) -> Iterator[Event]:
    """The events of the runs that its turns began with, and of those that went on with them."""
    ids, gone = {turn.run for turn in thread.begun}, {turn.run for turn in thread.begun}
    for run in reversed([*history(loaded).runs()]):
        if run.id in ids or run.resumes in ids:
            ids.add(run.id)
            with suppress(RecordingError):
                yield from read_from(Path(run.path))
                gone.discard(run.id)
    if gone:
        say(f"catagent: warning: the history has let go of {count(len(gone), 'turn')}")


def _print(events: Iterable[Event], asked: Asked, *, prompts: bool) -> None:
    """What the live view leaves on a terminal that can show it; elsewhere plain text."""
    # Not every pager knows links.
    options = replace(asked.view(sys.stdout), prompts=prompts, links=False)
    if sys.stdout.isatty() and resolve(asked) == "live":
        size = Terminal(sys.stdout.fileno()).size()
        rows = transcript_rows(events, live_look(options), readable(options, size.columns))
        page(rows, size.rows, asked.loaded.process)
    else:
        rows = transcript_rows(events, plain_look(options), None if options.quiet else WIDTH)
        sys.stdout.writelines(f"{row}\n" for row in rows)
    sys.stdout.flush()


def _taken(
    events: Iterable[Event], states: Mapping[str, RunState], *, prompts: bool
) -> Iterator[Event]:
    """The events, taken into the state of their run; with `prompts` those are whole."""
    runs, known = Runs(), defaultdict[str, Prompts](Prompts)
    for event in events:
        run = runs.of(event)
        reduce(states[run], event)
        if prompts:
            known[run].take(event)
        if prompts and isinstance(event, LlmStarted):
            event.data.messages = known[run].messages(event.data)
            event.data.tools = known[run].tools(event.data)
        yield event
