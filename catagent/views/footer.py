"""The part of the live view that is redrawn: what is not final yet, who waits, and the status.

It takes a third of the screen at most, and costs the same however long the run is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catagent.views.format import count, whole_seconds
from catagent.views.parts import Column, Panel, Part, Rows
from catagent.views.status import Tally
from catagent.views.style import Look
from catagent.views.tool_panel import Tool
from catagent.views.wrap import cells, head, tail

SPINS_PER_SECOND = 8
# A screen of this many rows can spare one that is empty.
ROOMY = 20
# What is being written gets this many rows before waiting calls get more than one each.
STEADY = 3
MOST_EACH = 2


def footer(
    root: Column, tally: Tally, look: Look, *, width: int, height: int, now: float, status: str
) -> Rows:
    """Return the rows below the transcript; `status` is shown where the run shows nothing.

    `width` and `height` are the terminal's, `now` is on the clock that the tally was kept by.
    """
    last = status_row(tally, look, width=width, now=now, status=status)
    if look.options.status_only:
        return [last]
    gap = [""] if height >= ROOMY else []
    room = max(1, min(look.options.footer_rows, height // 3) - 1 - len(gap))
    queue = list(_waiting(root.parts))
    written = root.tail(width, max(1, room - len(queue)))
    spare = room - max(STEADY, len(written)) - len(queue)
    waiting = _queue(queue, look, width, room - len(written), spare)
    return [*written, *waiting, *gap, last]


def _waiting(parts: Iterable[Part]) -> Iterator[Tool]:
    """The tool calls behind the first part, at every depth of it: they wait for their turn."""
    for index, part in enumerate(parts):
        if index and isinstance(part, Tool):
            yield part
        elif isinstance(part, Panel):
            yield from _waiting(part.parts)


def _queue(tools: list[Tool], look: Look, width: int, room: int, spare: int) -> Rows:
    if not tools or room < 1:
        return []
    shown = tools if len(tools) <= room else tools[: room - 1]
    each = min(MOST_EACH, spare // max(1, sum(not tool.closed for tool in shown)))
    rows = [row for tool in shown for row in _queued(tool, look, width, each)]
    if len(shown) < len(tools):
        more = f"{look.glyphs.ellipsis} {count(len(tools) - len(shown), 'more tool call')}"
        rows.append(look.paint("dim", head(more, width, "")))
    return rows


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
    # Two rows, for the last is short where it has just begun.
    style, rows = tool.preview(room, 2)
    return f"{row} {look.paint(style, tail(' '.join(rows), room, look.glyphs.ellipsis))}"


def status_row(tally: Tally, look: Look, *, width: int, now: float, status: str) -> str:
    """One row: what is awaited, how long the run has taken so far, and how much has come."""
    spinner = look.glyphs.spinner[int(now * SPINS_PER_SECOND) % len(look.glyphs.spinner)]
    awaited = look.line((tally.awaited(now) or status or tally.unknown())[: 4 * width])
    facts = _facts(tally, now)
    while len(facts) > 1 and cells(look.glyphs.dot.join([awaited, *facts])) > width - 2:
        facts.pop()
    rest = look.glyphs.dot + look.glyphs.dot.join(facts)
    shown = head(awaited, max(0, width - 2 - cells(rest)), look.glyphs.ellipsis)
    return f"{look.paint('busy', spinner)} {shown}{look.paint('dim', rest)}"


def _facts(tally: Tally, now: float) -> list[str]:
    """The most important first: a narrow terminal shows fewer."""
    facts = [whole_seconds(now - tally.began)]
    if tally.tokens:
        facts.append(count(tally.tokens, "token"))
    if (rate := tally.rate(now)) >= 0.5:
        facts.append(f"{rate:.0f}/s")
    return facts
