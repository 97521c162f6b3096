"""Shows a recording settled, as it is read: the body of `catagent show`."""

import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from catagent.cli.asked import Asked
from catagent.cli.outputs import resolve
from catagent.cli.pager import page
from catagent.cli.recordings import recorded, runs_of
from catagent.cli.stderr import write
from catagent.events.prompts import Prompts
from catagent.events.state import RunState, reduce
from catagent.events.types import Event, LlmStarted
from catagent.exports.text import WIDTH, transcript_rows
from catagent.recordings.reader import Runs
from catagent.sinks.terminal import Terminal
from catagent.views.options import readable
from catagent.views.stats import table
from catagent.views.style import live_look, plain_look


def show_runs(
    asked: Asked, recording: str, run: str | None = None, *, prompts: bool = False
) -> None:
    """Show the runs of a recording, or the one whose id begins so. Raises RecordingError."""
    states = defaultdict[str, RunState](RunState)
    with recorded(recording, asked.loaded) as events:
        those = events if run is None else iter(runs_of(events, run)[0])
        those = _whole(those) if prompts else those
        those = _counted(those, states) if asked.stats else those
        _print(filter(asked.filters.keeps, those), asked, prompts=prompts)
        deque(those if asked.stats else (), maxlen=0)  # what who left the pager has not seen
        if asked.stats:
            write("\n".join(map(table, states.values())))


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


def _whole(events: Iterable[Event]) -> Iterator[Event]:
    """The events with messages and tools in the place of what refers to them."""
    runs, known = Runs(), defaultdict[str, Prompts](Prompts)
    for event in events:
        prompts = known[runs.of(event)]
        prompts.take(event)
        if isinstance(event, LlmStarted):
            event.data.messages = prompts.messages(event.data)
            event.data.tools = prompts.tools(event.data)
        yield event


def _counted(events: Iterable[Event], states: Mapping[str, RunState]) -> Iterator[Event]:
    """The events, each taken into the state of its run."""
    runs = Runs()
    for event in events:
        reduce(states[runs.of(event)], event)
        yield event
