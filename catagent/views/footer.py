"""The part of the live view that is redrawn: what is not final yet, who waits, and the status.

It takes a third of the screen at most, and costs the same however long the run is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catagent.views import notes
from catagent.views.format import count, whole_seconds
from catagent.views.parts import Column, Panel, Part, Rows
from catagent.views.runs import Run
from catagent.views.status import Board
from catagent.views.style import Look
from catagent.views.tool_panel import Tool
from catagent.views.transcript import Transcript
from catagent.views.wrap import cells, head, tail

SPINS_PER_SECOND = 8
# A screen of this many rows can spare one that is empty.
ROOMY = 20
# What is being written gets this many rows before waiting calls get more than one each.
STEADY = 3
MOST_EACH = 2
# Of the newest text of a run, no less than so many cells are worth showing.
SCRAP = 12


def footer(
    transcript: Transcript, board: Board, *, width: int, height: int, now: float, status: str
) -> Rows:
    """Return the rows below the transcript; `status` is shown where the run shows nothing.

    `width` and `height` are the terminal's, `now` is on the clock that the board was kept by.
    """
    look, root, runs = transcript.look, transcript.root, transcript.waiting
    last = status_row(board, transcript.lead, look, width=width, now=now, status=status)
    if look.options.status_only:
        return [last]
    gap = [""] if height >= ROOMY else []
    room = max(1, min(look.options.footer_rows, height // 3) - 1 - len(gap))
    queue = list(_waiting(root.parts))
    kept = min(len(runs), room // 2)
    written = root.tail(width, max(1, room - kept - len(queue)))
    spare = room - kept - max(STEADY, len(written)) - len(queue)
    waiting = _queue(queue, look, width, room - kept - len(written), spare)
    left = room - len(written) - len(waiting)
    return [*written, *waiting, *_runs(runs, board, look, width, left, now), *gap, last]


def _waiting(parts: Iterable[Part]) -> Iterator[Tool]:
    """The tool calls behind the first part, at every depth of it: they wait for their turn."""
    for index, part in enumerate(parts):
        if index and isinstance(part, Tool):
            yield part
        elif isinstance(part, Panel | Column):
            yield from _waiting(part.parts)


def _queue(tools: list[Tool], look: Look, width: int, room: int, spare: int) -> Rows:
    if not tools or room < 1:
        return []
    shown = tools if len(tools) <= room else tools[: room - 1]
    each = min(MOST_EACH, spare // max(1, sum(not tool.closed for tool in shown)))
    rows = [row for tool in shown for row in _queued(tool, look, width, each)]
    return [*rows, *_more(len(tools) - len(shown), "tool call", look, width)]


def _more(number: int, noun: str, look: Look, width: int) -> Rows:
    more = f"{look.glyphs.ellipsis} {count(number, f'more {noun}')}"
    return [look.paint("dim", head(more, width, ""))] if number else []


def _runs(runs: list[Run], board: Board, look: Look, width: int, room: int, now: float) -> Rows:
    """A row for each of the runs that wait for their turn to be shown, as many as fit."""
    if not runs or room < 1:
        return []
    shown = runs if len(runs) <= room else runs[: room - 1]
    rows = [_run(run, board, look, width, now) for run in shown]
    return [*rows, *_more(len(runs) - len(shown), "run", look, width)]


def _run(run: Run, board: Board, look: Look, width: int, now: float) -> str:
    """What it is called, what it does, and the newest of its text; or how it ended."""
    if run.finished is not None:
        style, sign = notes.ending(look, run.finished.status)
        error = run.finished.error
        facts = [notes.ended(run.finished), *([error.message] if error else [])]
        text = _facts_of(run, facts, look, width - cells(sign))
        return look.paint(style, sign) + look.paint("bad" if run.failed else "dim", text)
    tally, sign = board.of(run.run_id), look.glyphs.waiting
    facts = [whole_seconds(now - tally.began), tally.awaited(now) or tally.unknown()]
    text = _facts_of(run, facts, look, width - cells(sign))
    row = look.paint("gutter", sign) + text
    room = width - cells(sign) - cells(text) - 1
    return row if room < SCRAP else f"{row} {_newest(run, look, room)}"


def _facts_of(run: Run, facts: list[str], look: Look, width: int) -> str:
    """The run's title, which leaves room for the facts behind it."""
    rest = look.glyphs.dot + look.glyphs.dot.join(look.line(fact[:width]) for fact in facts)
    title = " ".join(filter(None, [run.name, run.question]))
    most = max(width // 3, width - cells(rest))
    ellipsis = look.glyphs.ellipsis
    return head(head(look.line(title), most, ellipsis) + rest, width, ellipsis)


def _newest(part: Tool | Run, look: Look, room: int) -> str:
    # Two rows, for the last is short where it has just begun.
    style, rows = part.preview(room, 2)
    return look.paint(style, tail(" ".join(rows), room, look.glyphs.ellipsis))


def _queued(tool: Tool, look: Look, width: int, each: int) -> Rows:
    """The call and the newest of its text: behind it, or `each` rows below where there is room."""
    if tool.closed:
        return [_title(tool, look, width, tool.sign[1])]
    if each < 1:
        return [_title(tool, look, width, look.glyphs.waiting, newest=True)]
    side = look.glyphs.side
    style, rows = tool.preview(max(1, width - cells(side)), each)
    below = [look.paint("gutter", side) + look.paint(style, row.rstrip()) for row in rows]
    return [_title(tool, look, width, look.glyphs.waiting), *below]


def _title(tool: Tool, look: Look, width: int, sign: str, *, newest: bool = False) -> str:
    most = width // 2 if newest else width - cells(sign)
    title = head(tool.title[: 4 * width], max(4, most), look.glyphs.ellipsis)
    row = look.paint("gutter", sign) + look.paint("tool", title)
    room = width - cells(sign) - cells(title) - 1
    if not newest or room < 4:
        return row
    return f"{row} {_newest(tool, look, room)}"


def status_row(board: Board, lead: Run, look: Look, *, width: int, now: float, status: str) -> str:
    """One row: what is awaited, how many runs there are, for how long, and how much has come."""
    spinner = look.glyphs.spinner[int(now * SPINS_PER_SECOND) % len(look.glyphs.spinner)]
    awaited = look.line(_awaited(board, lead, now, status)[: 4 * width])
    facts = _facts(board, now)
    while len(facts) > 1 and cells(look.glyphs.dot.join([awaited, *facts])) > width - 2:
        facts.pop()
    rest = look.glyphs.dot + look.glyphs.dot.join(facts)
    shown = head(awaited, max(0, width - 2 - cells(rest)), look.glyphs.ellipsis)
    return f"{look.paint('busy', spinner)} {shown}{look.paint('dim', rest)}"


def _awaited(board: Board, lead: Run, now: float, status: str) -> str:
    """What the run that is shown waits for, by its name where there are others."""
    tally, counts = board.of(lead.run_id), board.counts()
    if counts and not board.runs:
        return status or "waiting for a run"
    awaited = tally.awaited(now) or status or tally.unknown()
    return f"{lead.name}: {awaited}" if len(board.runs) > 1 and lead.name else awaited


def _facts(board: Board, now: float) -> list[str]:
    """The most important first: a narrow terminal shows fewer."""
    facts = [fact for fact in (board.counts(), whole_seconds(now - board.began)) if fact]
    if board.pace.tokens:
        facts.append(count(board.pace.tokens, "token"))
    if (rate := board.pace.rate(now)) >= 0.5:
        facts.append(f"{rate:.0f}/s")
    return facts
