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

# Of code longer than that, in characters, nothing is coloured.
_LONGEST = 100_000
# The page's own headings are above those of a text in it.
_ABOVE = 2
# In escaped text, without what more often ends a sentence.
_ADDRESS = re.compile(r"https?://(?:(?!&(?:lt|gt|quot|#x27);)[^\s<])+(?<![.,:;!?)\]*_~])")
_LINK = '<a href="{0}" title="{0}" rel="noopener noreferrer">'


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
    parser.core.ruler.push("harmless", _settle)
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _fence(text: str, language: str, _: str) -> str:
    return f"<pre>\n{code(text, language)}</pre>"


def _is_web(address: str) -> bool:
    return address.lower().startswith(("https://", "http://"))


def _settle(state: StateCore) -> None:
    for token in state.tokens:
        for each in (token, *(token.children or ())):
            _harmless(each)


def _harmless(token: Token) -> None:
    """Clean it once more: the parser has decoded entities; and leave it no style of its own."""
    token.content, token.info = clean(token.content), clean(token.info)
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1:]) + _ABOVE)}"
    if style := token.attrs.pop("style", None):
        token.attrs["class"] = str(style).removeprefix("text-align:")


def _link(_: Any, tokens: Sequence[Token], at: int, __: Any, env: dict[str, Any]) -> str:
    env["in_link"] = True
    return _LINK.format(escape(clean(str(tokens[at].attrs["href"]))))


def _link_end(*rendered: Any) -> str:
    rendered[-1]["in_link"] = False
    return "</a>"


def _text(_: Any, tokens: Sequence[Token], at: int, __: Any, env: dict[str, Any]) -> str:
    """A text, with links to the addresses that are written out in it."""
    text = escape(tokens[at].content)
    if env.get("in_link"):
        return text
    return _ADDRESS.sub(lambda found: f"{_LINK.format(found[0])}{found[0]}</a>", text)


def _image(_: Any, tokens: Sequence[Token], at: int, __: Any, env: dict[str, Any]) -> str:
    """No picture is fetched: its description is shown, and a link to its address."""
    address = escape(clean(str(tokens[at].attrs["src"])))
    shown = address if env.get("in_link") else f"{_LINK.format(address)}{address}</a>"
    return f"{escape(tokens[at].content)} ({shown})"


_RULES = {
    "link_open": _link,
    "link_close": _link_end,
    "text": _text,
    "image": _image,
    "table_open": lambda *_: '<div class="scroll"><table>',
    "table_close": lambda *_: "</table></div>",
}
