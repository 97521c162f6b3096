"""Renders one block of Markdown as rows, with Rich: code highlighted, no HTML, no hyperlinks.

Imported when the first block is due and not before: Rich and Pygments are slow to import.
"""

import html
import io
import re
from collections import Counter
from functools import lru_cache, partial
from typing import Self

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich import markdown as rich_markdown
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.theme import Theme as RichTheme

from catagent.views.markdown_blocks import Block
from catagent.views.markdown_code import State, highlighted
from catagent.views.options import Color, Theme
from catagent.views.sanitize import clean, to_ascii
from catagent.views.style import Look
from catagent.views.wrap import without_colors

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
_PARSER.disable("autolink")  # Rich would show `<https://a.b>` as a text, and as its address
_COLOR_SYSTEMS = {"none": None, "mono": "standard", "16": "standard"}
_COLOR_SYSTEMS |= {"256": "256", "truecolor": "truecolor"}
_PADDING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")
_ITEM_NUMBER = re.compile(r"^[\s>]*\d+[.)]", re.MULTILINE)  # in quotes
_FENCE_LINE = re.compile(r"^[\s>]*(?:`{3,}|~{3,}).*$", re.MULTILINE)
_GAP = "  "  # between columns
_ASCII_DRAWING = str.maketrans("•▌─━│", "*|--|")


class _Heading(rich_markdown.Heading):
    LEVEL_ALIGN = {}  # noqa: RUF012 - Rich's own class attribute; every level stands at the left


class _CodeBlock(rich_markdown.CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        draw = partial(Syntax, word_wrap=True, padding=(0, 2), background_color="default")
        yield draw(str(self.text).removesuffix("\n"), self.lexer_name, theme=self.theme)


class _Table(rich_markdown.TableElement):
    """A table whose columns are as wide as its first two rows ask for, and a little wider."""

    @classmethod
    def create(cls, markdown: rich_markdown.Markdown, token: Token) -> Self:
        """Take note of how much of the table is shown already."""
        table = cls()
        table.above = getattr(markdown, "rows_above", 0)
        return table

    above = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        parts = [self.header and self.header.row, *(self.body.rows if self.body else ())]
        rows = [[cell.content for cell in part.cells] for part in parts if part]
        room = options.max_width - len(rows[0]) * len(_GAP)
        natural = [max(text.cell_len for text in column) for column in zip(*rows[:2], strict=True)]
        widths = fitting(natural, room)
        grid = Table.grid(padding=(0, 2, 0, 0))
        for width in widths:
            grid.add_column(width=width, overflow="fold")
        if not self.above:
            for text in rows[0]:
                text.stylize("bold")
            grid.add_row(*rows[0])
            grid.add_row(*(Text("─" * width, "dim") for width in widths))
        for row in rows[max(1, self.above) :]:
            grid.add_row(*row)
        yield Padding(grid, (0, 0, 0, 1))


class _Rule(rich_markdown.HorizontalRule):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Rule(style=console.get_style("markdown.hr"), characters="─")


class _Markdown(rich_markdown.Markdown):
    elements = {  # noqa: RUF012 - Rich's own class attribute
        **rich_markdown.Markdown.elements,
        "heading_open": _Heading,
        "fence": _CodeBlock,
        "code_block": _CodeBlock,
        "table_open": _Table,
        "hr": _Rule,
    }

    def __init__(self, block: Block, code_theme: str) -> None:
        super().__init__("", code_theme=code_theme, hyperlinks=False)
        self.parsed = _clean_tokens(
            _PARSER.parse("\n".join(filter(None, (block.head, block.source))))
        )
        self.rows_above = len(block.head.split("\n")) - 1 if block.head else 0


def render(block: Block, width: int, look: Look) -> list[str] | None:
    """Return the rows of a block, or None where Rich would lose a letter of it.

    A link definition renders as nothing, and a table drops surplus cells: then the source itself
    is to be shown, as it is where this raises.
    """
    rows = _printed(_Markdown(block, f"ansi_{look.options.theme}"), width, look)
    full = [index for index, row in enumerate(rows) if without_colors(row)]
    rows = rows[full[0] : full[-1] + 1] if full else []
    return rows if _holds_all(block.source, rows) else None


def code(block: Block, width: int, look: Look, state: State) -> tuple[list[str], State]:
    """Return the rows of lines of code, and where they leave the lexer that began in `state`."""
    text, state = highlighted(block.source, block.head, f"ansi_{look.options.theme}", state)
    return _printed(Padding(text, (0, 2)), width, look), state


def _printed(drawn: RenderableType, width: int, look: Look) -> list[str]:
    """The rows of what Rich can draw, without the spaces that it pads them with."""
    console = _console(width, look.options.color, look.options.theme)
    with console.capture() as capture:
        console.print(drawn, end="")
    rows = [_PADDING.sub(_reset, row) for row in capture.get().removesuffix("\n").split("\n")]
    if look.options.ascii:
        rows = [to_ascii(row.translate(_ASCII_DRAWING)) for row in rows]
    return rows


def fitting(natural: list[int], room: int) -> list[int]:
    """Return how wide columns are: wider than asked for where there is room, for what will come."""
    widths = [max(8, width + width // 2) for width in natural]
    widths[-1] = max(24, widths[-1])
    for least in (16, 4):
        spare = [wide - min(width, least) for wide, width in zip(widths, natural, strict=True)]
        while sum(widths) > room and max(spare) > 0:
            widest = spare.index(max(spare))
            widths[widest], spare[widest] = widths[widest] - 1, spare[widest] - 1
    if sum(widths) > room:
        raise ValueError("the screen is too narrow")
    return widths


def _reset(padding: re.Match[str]) -> str:
    return "\x1b[0m" if "\x1b" in padding[0] else ""


@lru_cache(maxsize=8)
def _console(width: int, color: Color, theme: Theme) -> Console:
    """All is said that Rich would otherwise look up in the environment."""
    return Console(
        file=io.StringIO(),
        width=width,
        height=25,
        color_system=_COLOR_SYSTEMS[color],  # type: ignore[arg-type]  # Rich's literal type
        force_terminal=color != "none",
        force_interactive=False,
        force_jupyter=False,
        no_color=color == "mono",
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        theme=RichTheme({f"markdown.{name}": style for name, style in _styles(theme).items()}),
    )


def _styles(theme: Theme) -> dict[str, str]:
    accent = "cyan" if theme == "dark" else "blue"
    return {
        "h1": f"bold underline {accent}",
        "h2": f"bold {accent}",
        "h3": "bold",
        "code_block": "none",
        "block_quote": "italic",
        "hr": "dim",
        "link_url": "underline",
        **dict.fromkeys(("code", "link"), accent),
    }


def _clean_tokens(tokens: list[Token]) -> list[Token]:
    """Clean once more: the parser decodes entities (`&#x202e;`) after the source was cleaned."""
    for token in tokens:
        token.content, token.info = clean(token.content), clean(token.info)
        for name, value in token.attrs.items():
            token.attrs[name] = clean(value) if isinstance(value, str) else value
        if token.children:
            _clean_tokens(token.children)
    return tokens


def _holds_all(source: str, rows: list[str]) -> bool:
    """Whether every letter and digit of the source can be seen, except those of its markup."""
    source = _ITEM_NUMBER.sub("", _FENCE_LINE.sub("", clean(html.unescape(source))))
    shown = Counter(without_colors("".join(rows)))
    return all(shown[char] >= number for char, number in Counter(source).items() if char.isalnum())
