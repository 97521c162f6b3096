"""Rows of one piece of Markdown: parsed by markdown-it, with no HTML.

Imported when the first piece is due and not before: parser and Pygments are slow to import.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import zip_longest
from urllib.parse import unquote

from markdown_it import MarkdownIt

from catagent.views.markdown_blocks import QUOTE, Block
from catagent.views.markdown_code import State, highlighted
from catagent.views.markdown_spans import Span, painted, spans, wrapped
from catagent.views.parts import Rows
from catagent.views.style import Look
from catagent.views.wrap import cells, without_colors

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
_PARSER.disable("autolink")  # `<https://a.b>` would be shown as a text, and as its address
_SAME = re.compile(r"\[(https?://[^]\s]+)]\(\1\)")
_BETWEEN, _MARGIN = "  ", "  "  # columns of a table; before code


def render(block: Block, width: int, look: Look) -> Rows | None:
    """Return the rows of a block, or None where a letter of it would be lost.

    A link definition is nothing to be shown, and a table drops surplus cells: then the source
    itself is to be shown, as it is where this raises.
    """
    draw = _table if block.kind == "table" else _text
    rows = list(draw(block, width, look))
    return rows if _holds_all(block.source, rows) else None


def code(block: Block, width: int, look: Look, state: State = ()) -> tuple[Rows, State]:
    """Return the rows of lines of code, and where they leave the lexer that began in `state`."""
    line, state = highlighted(block.source, block.head, look, state)
    room = max(1, width - len(_MARGIN))
    rows = (painted(row, look) for row in wrapped(line, room))
    return [_MARGIN + row if row else "" for row in rows], state


def _text(block: Block, width: int, look: Look) -> Iterator[str]:
    """Paragraphs, headings, rules, indented code; all else comes as a block of its own."""
    style = quoted = "3" if QUOTE in block.below else ""
    for index, token in enumerate(_PARSER.parse(block.source)):
        if index and token.level == 0 and token.nesting >= 0:
            yield ""
        match token.type:
            case "paragraph_open" | "heading_open":
                style = ";".join(filter(None, (quoted, _heading(token.tag, look))))
            case "inline":
                line = spans(token.children or [], look, style)
                yield from (painted(row, look) for row in wrapped(line, width))
            case "hr":
                yield look.paint("dim", look.glyphs.line * width)
            case "code_block":
                indented = block._replace(source=token.content.rstrip("\n"))
                yield from code(indented, width, look)[0]
            case "paragraph_close" | "heading_close":
                pass
            case _:
                raise ValueError(token.type)


def _heading(tag: str, look: Look) -> str:
    known = {"p": "", "h1": f"1;4;{look.accent}", "h2": f"1;{look.accent}"}
    return known.get(tag, "1")


def _table(block: Block, width: int, look: Look) -> Iterator[str]:
    """The rows of a table, or of one row that continues it."""
    aligns, widths = _columns(block.head or block.source, width, look)
    empty = f"{'|' * (len(widths) + 1)}\n{'|-' * len(widths)}|\n" * block.continues
    _, (head, *grid) = _grid(empty + block.source, look)
    rule = [[Span(look.glyphs.line * width, "2")] for width in widths]
    for texts in grid if block.continues else [head, rule, *grid]:
        columns = [wrapped(text, width) for text, width in zip(texts, widths, strict=True)]
        for row in zip_longest(*columns, fillvalue=[]):
            parts = zip(row, widths, aligns, strict=True)
            shown = (painted(text, look, wide, align) for text, wide, align in parts)
            yield f" {_BETWEEN.join(shown)}".rstrip(" ")


@lru_cache(maxsize=16)
def _columns(head: str, width: int, look: Look) -> tuple[list[str], list[int]]:
    """How columns are aligned, and how wide they are: of that the first lines alone decide."""
    aligns, grid = _grid(head, look)
    natural = [max(map(_cells, column)) for column in zip(*grid, strict=True)]
    room = width - 1 - len(_BETWEEN) * (len(natural) - 1)
    return aligns, _fitting(natural, room, fills=aligns[-1] in ("", "left"))


def _grid(source: str, look: Look) -> tuple[list[str], list[list[list[Span]]]]:
    """How the columns of a table are aligned; its cells row by row, those of its head bold."""
    tokens = _PARSER.parse(source)
    aligned = [str(token.attrs.get("style", "")) for token in tokens if token.type == "th_open"]
    lines = [token.children or [] for token in tokens if token.type == "inline"]
    number = len(aligned)
    texts = [spans(line, look, "1" * (n < number)) for n, line in enumerate(lines)]
    grid = [texts[n : n + number] for n in range(0, len(texts), number)]
    return [style.removeprefix("text-align:") for style in aligned], grid


def _cells(text: list[Span]) -> int:
    return sum(cells(span.text) for span in text)


def _fitting(natural: list[int], room: int, *, fills: bool) -> list[int]:
    """How wide columns are: wider than they need to be where there is room for what will come.

    The last one `fills` the row, where nobody sees that it is empty.
    """
    widths = [max(12, 2 * width) for width in natural]
    widths[-1] = max(widths[-1], room - sum(widths[:-1]) if fills else 30)
    for least in (max(natural), 16, 4):  # as wide as they are, if need be narrower
        spare = [wide - min(width, least) for wide, width in zip(widths, natural, strict=True)]
        while sum(widths) > room and max(spare) > 0:
            widest = spare.index(max(spare))
            widths[widest], spare[widest] = widths[widest] - 1, spare[widest] - 1
    if sum(widths) > room:
        raise ValueError("too narrow")
    return widths


def _holds_all(source: str, rows: Rows) -> bool:
    """Whether every letter and digit of the source can be seen, in an address also as `%C3%BC`.

    Once is enough for an address that is the text of its link, too.
    """
    source = _SAME.sub(r"\1", html.unescape(source))
    written, shown = (Counter(unquote(text)) for text in (source, without_colors("".join(rows))))
    return all(shown[char] >= number for char, number in written.items() if char.isalnum())
