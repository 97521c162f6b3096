"""The tree: runs, and the agents, nodes, models and tools inside of them, a row each."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from catagent.inspect.looking import Looking
from catagent.inspect.paint import Paint, Piece
from catagent.inspect.panes import Pane, Way
from catagent.inspect.span import Kind, Span, Status
from catagent.views.footer import SPINS_PER_SECOND
from catagent.views.format import price, seconds
from catagent.views.notes import ending
from catagent.views.style import Look, Style

STYLES: dict[Kind, Style] = {"run": "question", "agent": "agent", "model": "model", "tool": "tool"}
# The columns behind a name and how wide they are: as many as leave so many cells for the name.
# What is known of the cost goes before tokens.
COLUMNS = {"time": 10, "cost": 10, "tokens": 9}
NAME = 24


def sign(look: Look, status: Status, now: float) -> Piece:
    """How a span goes: it turns while that runs."""
    if status == "running":
        signs = look.glyphs.spinner
        return "busy", signs[int(now * SPINS_PER_SECOND) % len(signs)] + " "
    return ("dim", look.glyphs.waiting) if status == "decided" else ending(look, status)


def lasted(span: Span, looking: Looking) -> str:
    """How long a span took, so far if it runs; nothing of one that has not begun."""
    if span.status(looking.at) == "decided":
        return ""
    ended = span.ended(looking.at) or looking.now
    return seconds(max(0.0, ended - (span.began or ended)))


def cost(span: Span, looking: Looking) -> str:
    """What a span that has ended cost, as far as that is known."""
    known = isinstance(span.cost, float) and span.ended(looking.at) is not None
    return price(span.cost) if known and isinstance(span.cost, float) else ""


class Outline(Pane):
    """The spans that have begun."""

    def __init__(self, looking: Looking, paint: Paint, title: str) -> None:
        super().__init__(looking, paint)
        self._title = title

    def draw(self, width: int, height: int) -> Sequence[Strip]:
        """The names of the columns, and the rows around the selected one."""
        rows, runs, room = self._looking.rows(), self._looking.index.roots, width - NAME
        has_cost = any(isinstance(run.cost, float) for run in runs)
        self._columns: list[str] = []
        for name, cells in COLUMNS.items():
            if cells <= room and (has_cost or name != "cost"):
                room -= cells
                self._columns.append(name)
        place = self.place(self._looking.row(), len(rows))
        shown = [rows[y] for y in place]
        # Deep down, rows begin where the shallowest of them does.
        cut = max(0, min((depth for _, depth in shown), default=0) - 1)
        style: Style = "question" if self.has_focus else "dim"
        names = {name: name for name in self._columns}
        heading = self._joined([(style, f" {self._title}")], names, width)
        return [heading, *(self._row(span, depth - cut, width) for span, depth in shown)]

    def _joined(
        self, pieces: list[Piece], facts: dict[str, str], width: int, *, cursor: bool = False
    ) -> Strip:
        columns: list[Piece] = [("dim", facts[name].rjust(COLUMNS[name])) for name in self._columns]
        used = sum(COLUMNS[name] for name in self._columns)
        left = self._paint.strip(pieces, width - used, cursor=cursor)
        return Strip.join([left, self._paint.strip(columns, used, cursor=cursor)])

    def _row(self, span: Span, depth: int, width: int) -> Strip:
        looking, look = self._looking, self._paint.look
        here = span is looking.selected
        pieces: list[Piece] = [
            ("busy", look.glyphs.ask if here else "  "),
            ("dim", "  " * min(depth, width // 8) + self._fold(span)),
            sign(look, span.status(looking.at), looking.now),
            (STYLES.get(span.kind, "plain"), look.line(span.name[:width])),
            ("dim", f" {look.line(span.about[:width])}"),
        ]
        return self._joined(pieces, self._facts(span), width, cursor=here and self.has_focus)

    def _fold(self, span: Span) -> str:
        signs = ("+ ", "- ") if self._paint.look.glyphs.form else ("▸ ", "▾ ")
        has_inside = bool(span.shown(self._looking.at))
        return signs[span not in self._looking.folded] if has_inside else "  "

    def _facts(self, span: Span) -> dict[str, str]:
        looking = self._looking
        used, time = looking.index.used(span, looking.at), lasted(span, looking)
        tokens = (used.input_tokens or 0) + (used.output_tokens or 0) or span.pieces(looking.at)
        return {
            "time": time if len(time) < COLUMNS["time"] else time.partition(" min")[0] + " min",
            "tokens": f"{tokens:,}" if tokens else "",
            "cost": cost(span, looking),
        }

    def go(self, way: Way) -> None:
        """Up and down a row, left out of a span, right into it."""
        looking, span = self._looking, self._looking.selected
        if by := self.way(way):
            looking.move(by)
        elif span is not None:
            inside, is_folded = span.shown(looking.at), span in looking.folded
            if inside and is_folded is (way == "right"):
                looking.toggle(span)
            else:
                looking.select(span.parent if way == "left" else next(iter(inside), None))
