"""Colours of code that comes line by line: the lexer goes on where the line before has left it.

Imported late: Pygments is slow to import.
"""

from contextlib import suppress
from functools import lru_cache

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound
from rich.syntax import Syntax
from rich.text import Text

# What a lexer is inside of, outermost first.
State = tuple[str, ...]
_TAB = 4


def highlighted(code: str, info: str, theme: str, state: State = ()) -> tuple[Text, State]:
    """Return whole lines of code in colours, and the state after them; it begins with ()."""
    tokens, state = _tokens(_lexer(info.partition(" ")[0]), f"{code}\n", state)
    styles, text = Syntax.get_theme(theme), Text(tab_size=_TAB)
    for token, value in tokens:
        text.append(value, styles.get_style_for_token(token))
    text.remove_suffix("\n")
    return text, state


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
        return get_lexer_by_name(name or "text", stripnl=False, tabsize=_TAB)
    except ClassNotFound:
        return get_lexer_by_name("text", stripnl=False, tabsize=_TAB)
