"""Tables of what was measured: on a terminal, and as Markdown and a plot in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Costs, least, middle, ratio

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
PLOT = DOCUMENT.parent / "performance.svg"
_MARKS = re.compile(r"(<!-- measured -->\n)(.*?)(<!-- end -->)", re.DOTALL)

Unit = Callable[[float], str]


def ms(seconds: float) -> str:
    """Seconds as milliseconds."""
    return f"{seconds * 1000:.0f}"


def number(value: float) -> str:
    """A number, short."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times(value: float) -> str:
    """A multiple."""
    return f"{value:.2f} x"


@dataclass
class Row:
    """One comparison: the smallest and the median of both, and the median of their ratios."""

    name: str
    ours: tuple[float, float]
    base: tuple[float, float]
    ratio: float
    target: float | None = None
    unit: Unit = number

    @classmethod
    def of(
        cls,
        costs: Costs,
        name: str,
        base: str,
        target: float | None,
        unit: Unit,
        what: str = "cpu_s",
    ) -> Row:
        """Compare two cases that ran in turn."""
        ours = least(costs[name], what), middle(costs[name], what)
        other = least(costs[base], what), middle(costs[base], what)
        return cls(name, ours, other, ratio(costs, name, base, what), target, unit)

    @property
    def cells(self) -> list[str]:
        """As a line of a table."""
        measured = [f"{self.unit(low)} / {self.unit(mid)}" for low, mid in (self.ours, self.base)]
        wanted = "" if self.target is None else f"≤ {times(self.target)}"
        return [self.name, *measured, times(self.ratio), wanted]


@dataclass
class Table:
    """Comparisons with one kind of base."""

    title: str
    base: str
    rows: list[Row] = field(default_factory=list)

    @property
    def head(self) -> list[str]:
        """The names of the columns."""
        return ["", "catagent, min / median", f"{self.base}, min / median", "ratio", "target"]

    @property
    def sheet(self) -> Sheet:
        """As plain cells."""
        return Sheet(self.title, self.head, [row.cells for row in self.rows])


@dataclass
class Sheet:
    """Plain cells under a head."""

    title: str
    head: list[str]
    lines: list[list[str]] = field(default_factory=list)
    note: str = ""

    def markdown(self) -> str:
        """As a section of Markdown."""
        rule = "|" + "---|" * len(self.head)
        rows = [f"| {' | '.join(cells)} |" for cells in (self.head, *self.lines)]
        return "\n".join([f"### {self.title}", "", rows[0], rule, *rows[1:], "", self.note]).strip()

    def text(self) -> str:
        """For a terminal."""
        lines = [self.head, *self.lines]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        padded = ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in lines]
        return "\n".join([f"\n{self.title}", *padded, self.note]).rstrip()


def sheet_of(section: Table | Sheet) -> Sheet:
    """Either kind, as what can be shown."""
    return section.sheet if isinstance(section, Table) else section


def draw(sections: list[Table | Sheet]) -> None:
    """Put the ratios into the document's plot."""
    rows = [row for each in sections if isinstance(each, Table) for row in each.rows]
    compared = [row for row in rows if row.target and row.target <= _WIDEST]
    PLOT.write_text(plot(compared), encoding="utf-8")


def write(sections: list[Table | Sheet], where: str, document: Path | None = None) -> None:
    """Put them between the marks in docs/performance.md, or another, in the place of older ones."""
    document = document or DOCUMENT
    text = document.read_text(encoding="utf-8")
    found = _MARKS.search(text)
    old = re.split(r"^(?=### )", found[2] if found else "", flags=re.MULTILINE)[1:]
    kept = {part.splitlines()[0]: part.strip() for part in old}
    for sheet in map(sheet_of, sections):
        kept[f"### {sheet.title}"] = f"{sheet.markdown()}\n\n{where}"
    body = "\n\n".join(kept.values())
    document.write_text(_MARKS.sub(lambda m: f"{m[1]}\n{body}\n\n{m[3]}", text), encoding="utf-8")


_BAR, _HEIGHT, _LEFT, _WIDEST = 300, 22, 330, 2.0
_STYLE = "text{font:12px sans-serif;fill:#555}.base{stroke:#999;stroke-dasharray:3}"


def plot(rows: list[Row]) -> str:
    """Ratios as bars, the base as a line at 1, targets as ticks: an SVG image."""
    height = _HEIGHT * len(rows) + 30
    marks = [_bar(row, 10 + _HEIGHT * index) for index, row in enumerate(rows)]
    one = _x(1.0)
    line = f'<line class="base" x1="{one}" x2="{one}" y1="0" y2="{height - 20}"/>'
    label = f'<text x="{one}" y="{height - 5}" text-anchor="middle">baseline = 1</text>'
    size = f'width="{_x(_WIDEST) + 60}" height="{height}"'
    parts = [f"<style>{_STYLE}</style>", *marks, line, label]
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n' + "\n".join(parts) + "\n</svg>\n"


def _x(value: float) -> int:
    return _LEFT + round(min(value, _WIDEST) / _WIDEST * _BAR)


def _bar(row: Row, y: int) -> str:
    target = row.target or 1.0
    colour = "#2a8" if row.ratio <= target else "#d62"
    width, tick = _x(row.ratio) - _LEFT, _x(target)
    return (
        f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{row.name}</text>'
        f'<rect x="{_LEFT}" y="{y}" width="{width}" height="16" fill="{colour}"/>'
        f'<line x1="{tick}" x2="{tick}" y1="{y - 2}" y2="{y + 18}" stroke="#555"/>'
        f'<text x="{_LEFT + width + 6}" y="{y + 13}">{times(row.ratio)}</text>'
    )
