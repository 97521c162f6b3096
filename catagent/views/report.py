"""A run that has ended, on one line: for stderr, where nothing shows the run itself."""

from __future__ import annotations

from collections.abc import Iterator

from catagent.events import types as ev
from catagent.views.format import count, fields, seconds
from catagent.views.options import ViewOptions
from catagent.views.runs import process
from catagent.views.style import live_look
from catagent.views.wrap import head

# In cells; and of a run's id so many characters: of a UUID that begins with the time (version 7),
# more, or runs of the same minute would be called the same.
LONGEST_QUESTION, LONGEST_ERROR = 48, 200
SHORT_ID, SHORT_TIMED_ID = 8, 18


def report(started: ev.RunStarted, finished: ev.RunFinishedData, options: ViewOptions) -> str:
    """Return the line, without its newline: the run, what it was asked, how it ended and why."""
    look = live_look(options)
    facts = [f"run {_short(started.run_id)}", started.data.agent, process(started)]
    asked = " ".join(" ".join(fields(started.data.input)).split()) if started.data.input else ""
    question = head(asked, LONGEST_QUESTION, look.glyphs.ellipsis)
    facts += [f'"{question}"' if question else "", *_came_to(finished)]
    line = " ".join(filter(None, facts))
    if finished.error is not None:
        reason = " ".join(finished.error.message.split())
        line += f": {head(reason, LONGEST_ERROR, look.glyphs.ellipsis)}"
    return f"catagent: {look.line(line)}"


def _short(run_id: str) -> str:
    return run_id[: SHORT_TIMED_ID if run_id[14:15] == "7" else SHORT_ID]


def _came_to(data: ev.RunFinishedData) -> Iterator[str]:
    yield f"{data.status} {seconds(data.duration_s)}"
    if data.tool_calls:
        yield count(data.tool_calls, "tool call")
    if data.usage is not None and data.usage.output_tokens:
        yield count(data.usage.output_tokens, "token")
