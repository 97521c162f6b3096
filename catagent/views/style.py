"""Colours and glyphs: one table each, and `Look`, which applies them.

Colours are the terminal's own sixteen, so that they fit the palette of its user; no meaning is in
a colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from catagent.views.options import ViewOptions
from catagent.views.sanitize import clean, clean_line, to_ascii

Style = Literal[
    "plain", "dim", "gutter", "tool", "model", "question", "reasoning", "ok", "bad", "warn", "busy"
]

# SGR parameters: what a role looks like on a dark and on a light background.
STYLES: dict[Style, tuple[str, str]] = {
    "plain": ("", ""),
    "dim": ("2", "2"),
    "gutter": ("2;36", "2;34"),
    "tool": ("1;36", "1;34"),
    "model": ("36", "34"),
    "question": ("1", "1"),
    "reasoning": ("2;3", "2;3"),
    "ok": ("32", "32"),
    "bad": ("1;31", "1;31"),
    "warn": ("33", "35"),
    "busy": ("36", "34"),
}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of a view, the spaces around them included; in Unicode where not said."""

    top: str = "╭─ "
    side: str = "│ "
    bottom: str = "╰─ "
    thought: str = "┊ "
    part: str = "◦ "
    said: str = ""
    ok: str = "✓ "
    bad: str = "✗ "
    pause: str = "‖ "
    error: str = "✗ "
    warn: str = "! "
    ask: str = "\u276f "
    call: str = "→ "
    retry: str = "↻ "
    waiting: str = "╷ "
    run: str = ""
    aside: str = "∙ "
    unknown: str = "? "
    outside: str = "» "
    dot: str = " · "
    ellipsis: str = "…"
    spinner: str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


UNICODE = Glyphs()
ASCII = Glyphs(
    top="+- ",
    side="| ",
    bottom="+- ",
    thought=": ",
    part="- ",
    ok="ok ",
    bad="x ",
    pause="|| ",
    error="x ",
    warn="! ",
    ask="> ",
    call="-> ",
    retry="~ ",
    waiting="| ",
    aside=". ",
    unknown="? ",
    outside=">> ",
    dot=", ",
    ellipsis="...",
    spinner="|/-\\",
)
# Words and indentation, for logs and for people who listen to their terminal.
WORDS = Glyphs(
    top="tool: ",
    side="  ",
    bottom="  ",
    thought="  ",
    part="",
    said=":",
    ok="done: ",
    bad="failed: ",
    pause="paused: ",
    error="error: ",
    warn="warning: ",
    ask="question: ",
    call="call written: ",
    retry="",
    waiting="",
    run="run: ",
    aside="also: ",
    unknown="unknown event: ",
    outside="output of the program: ",
    dot=", ",
    ellipsis="...",
    spinner=" ",
)


@dataclass(frozen=True, slots=True)
class Look:
    """The colours and glyphs in use, and the sanitiser in front of them."""

    options: ViewOptions
    glyphs: Glyphs
    words: bool = False

    def paint(self, style: Style, text: str) -> str:
        """Return `text`, which must be clean, in the colours of `style`."""
        codes = STYLES[style][self.options.theme == "light"]
        if self.options.color == "none" or not codes or not text:
            return text
        return f"\x1b[{codes}m{text}\x1b[0m"

    def text(self, untrusted: str) -> str:
        """Return text that may have come from anywhere, cleaned, lines kept."""
        safe = clean(untrusted)
        return to_ascii(safe) if self.options.ascii else safe

    def line(self, untrusted: str) -> str:
        """Return text that may have come from anywhere, cleaned and on one line."""
        safe = clean_line(untrusted)
        return to_ascii(safe) if self.options.ascii else safe


def live_look(options: ViewOptions) -> Look:
    """Panels drawn with boxes, or with ASCII where boxes cannot be shown."""
    return Look(options, ASCII if options.ascii else UNICODE)


def plain_look(options: ViewOptions) -> Look:
    """Words and indentation."""
    return Look(options, WORDS, words=True)
