"""Renders one block of Markdown as rows, with Rich: code highlighted, no HTML, no hyperlinks.

Imported when the first block is due and not before: Rich and Pygments are slow to import.
"""

import html
import io
import re
from collections import Counter
from functools import lru_cache, partial

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich import markdown as rich_markdown
from rich.console import Console, ConsoleOptions, RenderResult
from rich.rule import Rule
from rich.segment import Segment
from rich.syntax import Syntax
from rich.table import Table
from rich.theme import Theme as RichTheme

from catagent.views.markdown_blocks import Block
from catagent.views.options import Color, Theme
from catagent.views.sanitize import clean, to_ascii
from catagent.views.style import Look
from catagent.views.wrap import without_colors

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
_PARSER.disable("autolink")  # Rich would show `<https://a.b>` as a text, and as its address
_COLOR_SYSTEMS = {"none": None, "mono": "standard", "16": "standard"}
_COLOR_SYSTEMS |= {"256": "256", "truecolor": "truecolor"}
_PADDING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")
_ITEM_NUMBER = re.compile(r"^[\s>]*\d+[.)]", re.MULTILINE)
_FENCE_LINE = re.compile(r"^[\s>]*(?:`{3,}|~{3,}).*$", re.MULTILINE)
_ASCII_DRAWING = str.maketrans("•▌─━│", "*|--|")


class _Heading(rich_markdown.Heading):
    LEVEL_ALIGN = {}  # noqa: RUF012 - Rich's own class attribute; every level stands at the left


class _CodeBlock(rich_markdown.CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        draw = partial(Syntax, word_wrap=True, padding=(0, 2), background_color="default")
        yield draw(str(self.text).removesuffix("\n"), self.lexer_name, theme=self.theme)


class _Table(rich_markdown.TableElement):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            for column in table.columns if isinstance(table, Table) else ():
                column.overflow = "fold"
            yield table


class _Rule(rich_markdown.HorizontalRule):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Rule(style=console.get_style("markdown.hr"), characters="─")


class _Item(rich_markdown.ListItem):
    def render_number(
        self, console: Console, options: ConsoleOptions, number: int, last_number: int
    ) -> RenderResult:
        """Number as Markdown does, `1.`; Rich omits the full stop."""
        signs = [f" {number}. ".rjust(len(f" {last_number - 1}. "))]
        room = options.max_width - len(signs[0])
        style = console.get_style("markdown.item.number")
        for row in console.render_lines(self.elements, options.update(width=room)):
            sign = signs.pop() if signs else " " * (options.max_width - room)
            yield from (Segment(sign, style), *row, Segment.line())


class _Markdown(rich_markdown.Markdown):
    elements = {  # noqa: RUF012 - Rich's own class attribute
        **rich_markdown.Markdown.elements,
        "heading_open": _Heading,
        "fence": _CodeBlock,
        "code_block": _CodeBlock,
        "table_open": _Table,
        "hr": _Rule,
        "list_item_open": _Item,
    }

    def __init__(self, block: Block, code_theme: str) -> None:
        super().__init__("", code_theme=code_theme, hyperlinks=False)
        self.parsed = _clean_tokens(_PARSER.parse(block.source))


def render(block: Block, width: int, look: Look) -> list[str] | None:
    """Return the rows of a block, or None where Rich would lose a letter of it.

    A link definition renders as nothing, and a table drops surplus cells: then the source itself
    is to be shown, as it is where this raises.
    """
    options = look.options
    console = _console(width, options.color, options.theme)
    with console.capture() as capture:
        console.print(_Markdown(block, f"ansi_{options.theme}"), end="")
    rows = [_PADDING.sub(_reset, row) for row in capture.get().removesuffix("\n").split("\n")]
    if not block.code:
        full = [index for index, row in enumerate(rows) if without_colors(row)]
        rows = rows[full[0] : full[-1] + 1] if full else []
    if options.ascii:
        rows = [to_ascii(row.translate(_ASCII_DRAWING)) for row in rows]
    return rows if _holds_all(block.source, rows) else None


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
        "table.border": "dim",
        "table.header": "bold",
        **dict.fromkeys(("code", "item.bullet", "item.number", "link"), accent),
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
