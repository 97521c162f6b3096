"""A run as an SVG picture of the terminal, which loads nothing: what the live view leaves there.

Each piece of text is put at its own column and stretched to its cells: any font lines up.
"""

from collections.abc import Iterator, Sequence
from html import escape

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.style import Style

from catagent.events.types import Event
from catagent.exports import facts
from catagent.exports.facts import final_state
from catagent.exports.text import transcript_rows
from catagent.views.options import ViewOptions
from catagent.views.sanitize import clean_line
from catagent.views.style import live_look
from catagent.views.wrap import cells, wrap

COLUMNS = 84
_CELL, _ROW, _SIZE, _PAD, _BAR = 8.4, 20, 14, 18, 40
_INK, _PAPER, _FRAME, _FAINT = "#d6dbe5", "#15181e", "#2b303b", "#8b93a3"
# Black, red, green, yellow, blue, magenta, cyan, white, and the bright ones.
_PALETTE = (
    *("#3b4252", "#f07178", "#a5d6a7", "#f2c879", "#82aaff", "#d3a6f5", "#6fd3e0", "#d6dbe5"),
    *("#6b7385", "#ff8f96", "#c3e8c5", "#ffdd99", "#a9c4ff", "#e5c4ff", "#9be7f0", "#ffffff"),
)


def picture(events: Sequence[Event], title: str | None = None) -> str:
    """Return the SVG."""
    look = live_look(ViewOptions(color="16"))
    rows, console = list(transcript_rows(events, look, COLUMNS)), Console()
    width = round(2 * _PAD + COLUMNS * _CELL)
    height = _BAR + len(rows) * _ROW + _PAD
    named = clean_line(facts.title(final_state(events), title))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">',
            f"<title>{escape(named)}</title>",
            f'<rect width="{width}" height="{height}" rx="10" fill="{_PAPER}"/>',
            *_title_bar(width, named),
            f'<g font-family="ui-monospace, SF Mono, Menlo, Consolas, DejaVu Sans Mono, monospace" '
            f'font-size="{_SIZE}" fill="{_INK}" xml:space="preserve">',
            *(text for number, row in enumerate(rows) for text in _row(number, row, console)),
            "</g>\n</svg>\n",
        ]
    )


def _title_bar(width: int, title: str) -> Iterator[str]:
    for number, color in enumerate(("#f07178", "#f2c879", "#a5d6a7")):
        yield f'<circle cx="{_PAD + 6 + 20 * number}" cy="{_BAR // 2}" r="6" fill="{color}"/>'
    short = wrap(title, COLUMNS - 24)[0]
    shown = short if short == title else f"{short}…"
    yield (
        f'<text x="{width // 2}" y="{_BAR // 2 + 4}" text-anchor="middle" font-size="13" '
        f'font-family="system-ui, sans-serif" fill="{_FAINT}">{escape(shown)}</text>'
    )
    yield f'<path d="M0 {_BAR}H{width}" stroke="{_FRAME}"/>'


def _row(number: int, row: str, console: Console) -> Iterator[str]:
    column, baseline = 0, _BAR + number * _ROW + 22
    for text, style, _ in AnsiDecoder().decode_line(row).render(console):
        blank, shown = len(text) - len(text.lstrip(" ")), text.strip(" ")
        if shown:
            x, length = _PAD + (column + blank) * _CELL, cells(shown) * _CELL
            yield (
                f'<text x="{x:.1f}" y="{baseline}" textLength="{length:.1f}" '
                f'lengthAdjust="spacingAndGlyphs"{_attributes(style)}>{escape(shown)}</text>'
            )
        column += cells(text)


def _attributes(style: Style | None) -> str:
    if style is None:
        return ""
    number = style.color.number if style.color is not None else None
    lines = ["underline"] * bool(style.underline) + ["line-through"] * bool(style.strike)
    given = {
        "fill": "" if number is None else _PALETTE[number],
        "font-weight": "bold" if style.bold else "",
        "font-style": "italic" if style.italic else "",
        "opacity": "0.65" if style.dim else "",
        "text-decoration": " ".join(lines),
    }
    return "".join(f' {name}="{value}"' for name, value in given.items() if value)
