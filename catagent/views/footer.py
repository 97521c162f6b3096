"""The part of the live view that is redrawn: what is not final yet, who waits, and the status.

It takes a third of the screen at most, and costs the same however long the run is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catagent.views.look import Look
from catagent.views.panels import Tool
from catagent.views.parts import Column, Panel, Part, Rows
from catagent.views.tally import Tally
from catagent.views.units import count, whole_seconds
from catagent.views.wrap import cells, head

SPINS_PER_SECOND = 8
# A screen of this many rows can spare one that is empty.
ROOMY = 20


def footer(
    root: Column, tally: Tally, look: Look, *, width: int, height: int, now: float, status: str
) -> Rows:
    """Return the rows below the transcript; `status` is shown where the run itself tells nothing.

    `width` and `height` are the terminal's, `now` is on the clock that the tally was kept by.
    """
    last = status_row(tally, look, width=width, now=now, status=status)
    if look.options.status_only:
        return [last]
    gap = [""] if height >= ROOMY else []
    room = max(1, min(look.options.footer_rows, height // 3) - 1 - len(gap))
    queue = list(_waiting(root.parts))
    written = root.parts[0].tail(width, max(1, room - len(queue))) if root.parts else []
    return [*written, *_queue(queue, look, width, room - len(written)), *gap, last]


def _waiting(parts: Iterable[Part]) -> Iterator[Tool]:
    """The tool calls behind the first part, at every depth along it: they wait their turn."""
    for index, part in enumerate(parts):
        if index and isinstance(part, Tool):
            yield part
        elif isinstance(part, Panel):
            yield from _waiting(part.parts)


def _queue(tools: list[Tool], look: Look, width: int, room: int) -> Rows:
    if not tools or room < 1:
        return []
    shown = tools if len(tools) <= room else tools[: room - 1]
    rows = [_queued(tool, look, width) for tool in shown]
    if len(shown) < len(tools):
        more = f"{look.glyphs.ellipsis} {count(len(tools) - len(shown), 'more tool call')}"
        rows.append(look.paint("dim", head(more, width, "")))
    return rows


def _queued(tool: Tool, look: Look, width: int) -> str:
    glyphs = look.glyphs
    sign = glyphs.waiting
    if tool.closed:
        sign = glyphs.bad if tool.failed else glyphs.ok
    title = head(tool.title[: 4 * width], max(4, width // 2), glyphs.ellipsis)
    room = width - cells(sign) - cells(title) - 1
    newest = "" if tool.closed or room < 4 else tool.newest(room)
    return look.paint("gutter", sign) + look.paint("tool", title) + " " + newest


def status_row(tally: Tally, look: Look, *, width: int, now: float, status: str) -> str:
    """One row: what is awaited, for how long the run goes on, and how much has come."""
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
