"""Markdown and code as HTML: links, aligned tables and colours, and nothing that acts or loads.

The page has styles of its own alone: alignment and colours are classes.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from catagent.views.sanitize import clean

# Of code longer than that, in characters, nothing is coloured: a megabyte would take seconds.
_LONGEST = 50_000
# The page's own headings are above those of a text in it.
_ABOVE = 2
# In escaped text, without what more often ends a sentence.
_ADDRESS = re.compile(r"https?://(?:(?!&(?:lt|gt|quot|#x27);)[^\s<])+(?<![.,:!?)\]*_~])")
_LINK = r'<a href="\g<0>" rel="noopener noreferrer">\g<0></a>'


def markdown(text: str) -> str:
    """Return the HTML of Markdown, with no HTML of its own and no hidden characters."""
    rendered: str = _parser().render(clean(text.replace("\r\n", "\n")))
    return rendered


def code(text: str, language: str) -> str:
    """Return the HTML of clean code, coloured where its language is known."""
    if language and len(text) <= _LONGEST:
        with suppress(Exception):  # an unknown language, a defect of a lexer: it is text
            lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
            colored: str = highlight(text, lexer, HtmlFormatter(nowrap=True))
            return colored if text.endswith("\n") else colored.removesuffix("\n")
    return escape(text)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "highlight": _fence})
    parser.enable(["strikethrough", "table"])
    parser.validateLink = _is_web  # type: ignore[assignment, method-assign]
    parser.core.ruler.push("harmless", _harmless)
    parser.add_render_rule("text", _text)
    return parser


def _fence(text: str, language: str, _: str) -> str:
    return f"<pre>\n{code(text, language)}</pre>"


def _is_web(address: str) -> bool:
    """What leads elsewhere is no link and no image, but stays text."""
    return address.lower().startswith(("https://", "http://"))


def _harmless(state: StateCore) -> None:
    for token in state.tokens:
        for each in (token, *(token.children or ())):
            _settle(each)


def _settle(token: Token) -> None:
    """Clean it once more: the parser has decoded entities. No picture is fetched."""
    token.content, token.info = clean(token.content), clean(token.info)
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1:]) + _ABOVE)}"
    elif token.type == "image":
        token.type, token.content = "text", f"{token.content} ({token.attrs['src']})"
    elif token.type == "link_open":
        token.attrs = {"href": clean(str(token.attrs["href"])), "rel": "noopener noreferrer"}
    elif style := token.attrs.pop("style", None):
        token.attrs["class"] = str(style).removeprefix("text-align:")


def _text(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    """A text, with links to the addresses that are written out in it."""
    text, is_linked = escape(tokens[at].content), at > 0 and tokens[at - 1].type == "link_open"
    return text if is_linked else _ADDRESS.sub(_LINK, text)
