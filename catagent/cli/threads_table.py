"""The threads that are kept, as `catagent runs threads` lists them: a row for each."""

import shutil
import sys
from collections.abc import Iterator, Sequence

from msgspec import UNSET, Struct, UnsetType

from catagent.cli.asked import Asked
from catagent.cli.listing import print_list
from catagent.cli.runs_table import fit
from catagent.events.timestamps import moment
from catagent.redact import redact
from catagent.threads.store import Thread
from catagent.views.format import Row, headed, line, one_line
from catagent.views.notes import short
from catagent.views.style import Look, live_look
from catagent.views.wrap import head


class ThreadSummary(Struct, kw_only=True, tag_field="type", tag="thread"):
    """One thread, as `catagent runs threads` lists it, without secrets.

    `bytes` is its size on disk, `question` the first one, `waiting` the run that waits in it.
    One of a server has no path, size or turns, and the server's word for its `status`.
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
    status: str | UnsetType = UNSET


def list_threads(kept: Sequence[Thread], asked: Asked, *, json: bool) -> None:
    """Print threads, the newest first: lines of JSON, or a table with the newest last."""
    secrets = asked.loaded.secrets
    found = [
        ThreadSummary(
            id=thread.id,
            path=str(thread.path) if thread.size else "",
            bytes=thread.size,
            ts=thread.ts,
            name=redact(thread.name, secrets),
            agent=thread.agent,
            turns=thread.turns,
            waiting=thread.waiting,
            question=redact(thread.question, secrets),
            status=getattr(thread, "status", UNSET),
        )
        for thread in kept
    ]
    rows = _table(found[::-1], live_look(asked.view(sys.stdout)))
    print_list(found, rows, json=json, none="no thread is kept")


def _table(found: Sequence[ThreadSummary], look: Look) -> Iterator[str]:
    """Yield a heading and a row for each, as wide as the screen at most."""
    width, rows = shutil.get_terminal_size().columns, headed([_row(each, look) for each in found])
    columns = fit(rows, width)
    for number, row in enumerate(rows):
        text = head(line(row, columns, {"turns", "size"}), width, look.glyphs.ellipsis)
        yield text if number else look.paint("dim", text)


def _row(thread: ThreadSummary, look: Look) -> Row:
    return {
        "id": look.line(short(thread.id) if thread.status is UNSET else thread.id),
        "name": look.line(thread.name),
        "when": f"{when:%m-%d %H:%M}" if (when := moment(thread.ts)) else "",
        "agent": look.line(thread.agent),
        "status": look.line(thread.status or ""),
        "turns": f"{thread.turns:,}" if thread.status is UNSET else "",
        "size": f"{thread.bytes / 1000:,.0f} kB" if thread.status is UNSET else "",
        "waits": "yes" if thread.waiting else "",
        "question": look.line(one_line(thread.question)),
    }
