"""Colours of code that comes line by line: the lexer goes on where the line before has left it.

Imported late: Pygments is slow to import.
"""

from contextlib import suppress
from functools import lru_cache
from typing import Any

from pygments.console import codes
from pygments.formatters.terminal import TERMINAL_COLORS
from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Error
from pygments.util import ClassNotFound

from catagent.views.markdown_spans import Span
from catagent.views.style import Look

# What a lexer is inside of, outermost first.
State = tuple[str, ...]
# In the place of Pygments' own: what is no valid code may only be cut off.
_OWN = {Comment: "2", Error: ""}


def highlighted(code: str, info: str, look: Look, state: State = ()) -> tuple[list[Span], State]:
    """Return whole lines of code in colours, and the state after them; it begins with ()."""
    tokens, state = _tokens(_lexer(info.partition(" ")[0]), f"{code}\n", state)
    light = look.options.theme == "light"
    line = [Span(text.replace("\t", "    "), _codes(kind, light=light)) for kind, text in tokens]
    line[-1] = line[-1]._replace(text=line[-1].text.removesuffix("\n"))
    return line, state


@lru_cache(maxsize=256)
def _codes(kind: Any, *, light: bool) -> str:
    """SGR parameters of Pygments' colours for terminals."""
    while kind not in TERMINAL_COLORS:
        kind = kind.parent
    name = TERMINAL_COLORS[kind][0 if light else 1].strip("*_")
    color: str = codes[name]
    return _OWN.get(kind, color.removeprefix("\x1b[").removesuffix("m"))


def _tokens(
    lexer: Lexer, code: str, state: State
) -> tuple[list[tuple[tuple[str, ...], str]], State]:
    """The tokens and the state after them, which few lexers do not have: those begin anew."""
    if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
        with suppress(TypeError):  # a function of the lexer's own that knows of no context
            context = LexerContext(code, 0, [*(state or ("root",))])
            found = ExtendedRegexLexer.get_tokens_unprocessed(lexer, context=context)
            return [(token, value) for _, token, value in found], tuple(context.stack)
    return list(lexer.get_tokens(code)), ()


@lru_cache(maxsize=32)
def _lexer(name: str) -> Lexer:
    try:
        return get_lexer_by_name(name or "text", stripnl=False)
    except ClassNotFound:
        return get_lexer_by_name("text", stripnl=False)
