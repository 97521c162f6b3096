"""The part of the live view that is redrawn: what is not final yet, who waits, and the status.

It takes a third of the screen at most, and half of a large one where so many calls or runs wait:
a window may shrink. It costs the same however long the run is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from catagent.events import types as ev
from catagent.views import notes
from catagent.views.format import count, one_line, used, whole_seconds
from catagent.views.parts import Part, Rows, Stack
from catagent.views.runs import Run
from catagent.views.status import AGAIN
from catagent.views.style import Look
from catagent.views.tool_panel import Tool
from catagent.views.transcript import Transcript
from catagent.views.wrap import cells, head, tail, without_colors

SPINS_PER_SECOND = 8
# However large the screen is; and one of so many rows can spare one that is empty.
MOST, ROOMY = 12, 20
_WORDS = ("running", "done", "failed", "cancelled")
# Of newest text, fewer cells say nothing; and none but WORDS make a row longer than LONG or half
# the screen: it would take several of a narrower window.
SCRAP, WORDS, LONG = 4, 12, 64


def footer(transcript: Transcript, last: str, *, width: int, height: int, now: float) -> Rows:
    """Return the rows below the transcript, of which `last` is the status.

    `width` and `height` are the terminal's, `now` is on the clock that the tallies were kept by.
    """
    look, root, runs = transcript.look, transcript.root, transcript.waiting
    if look.options.status_only or look.options.quiet:
        return [last]
    gap = [""] if height >= ROOMY else []
    most = max(1, min(MOST, height // 3) - 1 - len(gap))
    room = height // 2 - 1 - len(gap) if gap else most
    tools, kept = list(_waiting(root.parts)), min(len(runs), room // 2)
    rows = root.tail(width, max(1, most - min(kept, most // 2) - len(tools)))
    since = transcript.lead.tally.since
    called = (_tool(tool, look, width, now - since.get(tool.key, now)) for tool in tools)
    rows += _listed(called, len(tools), "tool call", room - kept - len(rows), look, width)
    told = (_run(run, look, width, now) for run in runs)
    rows += _listed(told, len(runs), "run", room - len(rows), look, width)
    return [*rows, *gap, last]


def _waiting(parts: Iterable[Part]) -> Iterator[Tool]:
    """The tool calls behind the first part, at every depth of it: they wait for their turn."""
    for index, part in enumerate(parts):
        if index and isinstance(part, Tool):
            yield part
        elif isinstance(part, Stack):
            yield from _waiting(part.parts)


def _listed(rows: Iterable[str], number: int, noun: str, room: int, look: Look, width: int) -> Rows:
    """As many of this number of rows as there is room for, and one that counts the others."""
    shown = list(islice(rows, max(0, room if number <= room else room - 1)))
    more = f"{look.glyphs.ellipsis} {count(number - len(shown), f'more {noun}')}"
    return shown + [look.paint("dim", head(more, width, ""))] * (len(shown) < number and room > 0)


def _tool(tool: Tool, look: Look, width: int, lasts: float) -> str:
    """The call, how long it `lasts`, its tokens and the newest of its text; or how it ended."""
    has_ended = tool.closed or tool.finished is not None
    style, sign = tool.sign if has_ended else ("gutter", look.glyphs.waiting)
    known = tool.came_to() if has_ended else [whole_seconds(lasts), *_written(tool.tokens)]
    rest = "".join(look.glyphs.dot + look.line(fact[: 4 * width]) for fact in known)
    room = width - cells(sign + rest)
    if not has_ended and room > width // 2:  # what it writes is to be seen as well
        room = max(width // 4, room - width // 3)
    title = head(tool.title[: 4 * width], max(width // 4, room), look.glyphs.ellipsis)
    rest = head(rest, width - cells(sign + title), look.glyphs.ellipsis)
    row = look.paint(style, sign) + look.paint("tool", title) + look.paint("dim", rest)
    return row if has_ended else _with_newest(row, tool, look, width)


def _written(tokens: int) -> list[str]:
    return [used(ev.Usage(output_tokens=tokens))] if tokens else []


def _run(run: Run, look: Look, width: int, now: float) -> str:
    """How a run is called, and what it does with the newest of its text, or how it ended."""
    if (ended := run.finished) is not None:
        style, sign = notes.ending(look, ended.status)
        facts = [notes.ended(ended), *([one_line(ended.error.message)] if ended.error else [])]
        text = _named(run, facts, look, width - cells(sign))
        return look.paint(style, sign) + look.paint("bad" if run.failed else "dim", text)
    sign, tally = look.glyphs.waiting, run.tally
    facts = [whole_seconds(now - tally.began), *_written(tally.tokens)]
    facts.append(tally.awaited(now) or tally.unknown())
    row = look.paint("gutter", sign) + _named(run, facts, look, width - cells(sign))
    return _with_newest(row, run, look, width)


def _named(run: Run, facts: list[str], look: Look, width: int) -> str:
    """The name, the question cut to a third of the row, and the facts behind them."""
    asked = [head(look.line(run.question), width // 3, look.glyphs.ellipsis)] * bool(run.question)
    known = [look.line(run.name), *asked, *(look.line(fact[: 4 * width]) for fact in facts)]
    return head(look.glyphs.dot.join(known), width, look.glyphs.ellipsis)


def _with_newest(row: str, part: Tool | Run, look: Look, width: int) -> str:
    """The row, and as much of the newest text as there is room for behind it."""
    known = cells(without_colors(row) + look.glyphs.dot)
    room = min(width, max(LONG, width // 2, known + WORDS)) - known
    newest = part.newest(room) if room >= SCRAP else ""
    shown = look.glyphs.dot + tail(newest, room, look.glyphs.ellipsis)
    return row + look.paint("dim", shown) if newest else row


def status_row(
    transcript: Transcript, tokens: int, since: float, *, width: int, now: float, status: str
) -> str:
    """One row: what is awaited, how many runs there are, how long it took, how much has come.

    `status` is shown where no run says what it awaits.
    """
    look = transcript.look
    spinner = look.glyphs.spinner[int(now * SPINS_PER_SECOND) % len(look.glyphs.spinner)]
    runs = _counts(_runs(transcript))
    awaited = look.line(_awaited(transcript, now, status, bool(runs))[: 4 * width])
    counts = runs or _counts(transcript.lead.tally.at_once())
    took = [] if _is_between(transcript, status) else [whole_seconds(since)]
    facts = [*counts, *took, *_written(tokens)]
    while len(facts) > 1 and cells(look.glyphs.dot.join([awaited, *facts])) > width - 2:
        facts.pop()
    rest = "".join(look.glyphs.dot + fact for fact in facts)
    rest = rest if cells(rest) <= width - 2 - SCRAP else ""
    shown = head(awaited, width - 2 - cells(rest), look.glyphs.ellipsis)
    return f"{look.paint('busy', spinner)} {shown}{look.paint('dim', rest)}"


def _awaited(transcript: Transcript, now: float, status: str, several: bool) -> str:
    """What the run that is shown waits for, by its name where there are others."""
    if _is_between(transcript, status):
        return "no run now"
    run = transcript.lead if transcript.lead.started else transcript.newest
    if several and run.closed:
        return status or "waiting for a run"
    is_first = status.startswith(AGAIN)
    awaited = is_first * status or run.tally.awaited(now) or status or run.tally.unknown()
    return f"{run.name}: {awaited}" if len(transcript.running) > 1 else awaited


def _is_between(transcript: Transcript, status: str) -> bool:
    """Whether runs have ended, none runs, and another may come."""
    return bool(status and transcript.ended and not transcript.running)


def _runs(transcript: Transcript) -> Counter[str]:
    ended = transcript.ended
    known = {"done": ended["success"], "failed": ended["error"] + ended["limit"]}
    return Counter(running=len(transcript.running), cancelled=ended["cancelled"], **known)


def _counts(numbers: Counter[str]) -> Rows:
    """How many runs or calls there are: `3 running, 1 done`; nothing where there was but one."""
    known = ", ".join(f"{numbers[word]:,} {word}" for word in _WORDS if numbers[word])
    return [known] if numbers.total() > 1 else []
