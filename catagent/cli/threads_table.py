"""The threads that are kept, as `catagent runs threads` lists them: a row for each."""

import shutil
import sys
from collections.abc import Iterator, Sequence

from msgspec import Struct

from catagent.cli.asked import Asked
from catagent.cli.listing import print_list
from catagent.cli.runs_table import fit
from catagent.events.timestamps import moment
from catagent.redact import redact
from catagent.threads.store import Thread
from catagent.views.format import Row, headed, line
from catagent.views.notes import short
from catagent.views.style import Look, live_look
from catagent.views.wrap import head


class ThreadSummary(Struct, kw_only=True, tag_field="type", tag="thread"):
    """One thread, as `catagent runs threads` lists it, without secrets.

    `bytes` is its size on disk, `question` the first one, `waiting` the run that waits in it.
    """

    v: int = 1
    id: str
    path: str
    bytes: int
    ts: str
    name: str
    agent: str
    turns: int
    waiting: str
    question: str


def list_threads(kept: Sequence[Thread], asked: Asked, *, json: bool) -> None:
    """Print threads, the newest first: lines of JSON, or a table with the newest last."""
    found = (_summary(thread, asked.loaded.secrets) for thread in kept)
    rows = table(kept, live_look(asked.view(sys.stdout)), asked.loaded.secrets)
    print_list(found, rows, json=json, none="no thread is kept")


def _summary(thread: Thread, secrets: Sequence[str]) -> ThreadSummary:
    """A thread as it may be shown: its file holds what was said as it is."""
    return ThreadSummary(
        id=thread.id,
        path=str(thread.path),
        bytes=thread.size,
        ts=thread.ts,
        name=redact(thread.name, secrets),
        agent=thread.agent,
        turns=thread.turns,
        waiting=thread.waiting,
        question=redact(thread.question, secrets),
    )


def table(kept: Sequence[Thread], look: Look, secrets: Sequence[str]) -> Iterator[str]:
    """Yield a heading and a row for each, the first one last, as wide as the screen at most."""
    width = shutil.get_terminal_size().columns
    rows = headed([_row(_summary(thread, secrets), look) for thread in reversed(kept)])
    columns = fit(rows, width)
    for number, row in enumerate(rows):
        question = head(row["question"], columns["question"], look.glyphs.ellipsis)
        text = head(line({**row, "question": question}, columns, {"turns", "size"}), width, "")
        yield text if number else look.paint("dim", text)


def _row(thread: ThreadSummary, look: Look) -> Row:
    when = moment(thread.ts)
    return {
        "id": look.line(short(thread.id)),
        "name": look.line(thread.name),
        "when": "" if when is None else f"{when:%m-%d %H:%M}",
        "agent": look.line(thread.agent),
        "turns": f"{thread.turns:,}",
        "size": f"{thread.bytes / 1000:,.0f} kB",
        "waits": "yes" if thread.waiting else "",
        "question": look.line(" ".join(thread.question.split())),
    }
