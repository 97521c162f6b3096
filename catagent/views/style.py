"""Colours and glyphs: one table each, and `Look`, which applies them.

Colours are the terminal's own sixteen, its user's palette; no meaning is in a colour alone.
Each role in a run has one, the same as in HTML: the agent, a tool, a model inside a tool, what the
agent observes, and the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from catagent.views.options import ViewOptions
from catagent.views.sanitize import clean, clean_line, to_ascii

Style = Literal[
    "plain", "dim", "agent", "tool", "gutter", "model", "observation", "answer",
    "question", "reasoning", "ok", "bad", "broken", "warn", "busy",
]  # fmt: skip

# SGR parameters: what a role looks like on a dark and on a light background.
STYLES: dict[Style, tuple[str, str]] = {
    "plain": ("", ""),
    "dim": ("2", "2"),
    "agent": ("1;35", "1;35"),
    "tool": ("1;36", "1;34"),
    "gutter": ("2;36", "2;34"),  # of a tool that has not failed
    "model": ("94", "36"),
    "observation": ("36", "34"),
    "answer": ("1;32", "1;32"),
    "question": ("1", "1"),
    "reasoning": ("2;3", "2;3"),
    "ok": ("32", "32"),
    "bad": ("1;31", "1;31"),
    "broken": ("31", "31"),  # the gutter of a tool that has failed
    "warn": ("33", "35"),
    "busy": ("36", "34"),
}


class _Glyph:
    """A sign, the spaces around it included: in Unicode, in ASCII, and in words."""

    def __init__(self, *forms: str) -> None:
        self._forms = forms

    def __get__(self, glyphs: Glyphs, _: type[Glyphs]) -> str:
        return self._forms[glyphs.form]


@dataclass(frozen=True)
class Glyphs:
    """The signs of a view, in one of their forms: 0 is Unicode, 1 is ASCII.

    2 is words and indentation, for logs and for people who listen to their terminal.
    """

    form: Literal[0, 1, 2]

    top = _Glyph("╭─ ", "+- ", "tool: ")
    side = _Glyph("│ ", "| ", "  ")
    bottom = _Glyph("╰─ ", "+- ", "  ")
    thought = _Glyph("┊ ", ": ", "  ")
    agent = _Glyph("● ", "* ", "agent: ")
    part = _Glyph("◦ ", "- ", "")
    bullet = _Glyph("•", "*", "*")
    bar = _Glyph("▌", "|", "|")
    line = _Glyph("─", "-", "-")
    said = _Glyph("", "", ":")
    ok = _Glyph("✓ ", "ok ", "done: ")
    bad = _Glyph("✗ ", "x ", "failed: ")
    pause = _Glyph("‖ ", "|| ", "paused: ")
    error = _Glyph("✗ ", "x ", "error: ")
    warn = _Glyph("! ", "! ", "warning: ")
    ask = _Glyph("\u276f ", "> ", "question: ")
    answered = _Glyph("\u276f ", "> ", "answered: ")
    call = _Glyph("→ ", "-> ", "call: ")
    retry = _Glyph("↻ ", "~ ", "")
    waiting = _Glyph("╷ ", "| ", "")
    run = _Glyph("", "", "run: ")
    aside = _Glyph("∙ ", ". ", "also: ")
    node = _Glyph("∙ ", ". ", "node: ")
    unknown = _Glyph("? ", "? ", "unknown event: ")
    outside = _Glyph("» ", ">> ", "output of the program: ")
    dot = _Glyph(" · ", ", ", ", ")
    least = _Glyph("≥", ">=", "at least ")
    ellipsis = _Glyph("…", "...", "...")
    spinner = _Glyph("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\", " ")


@dataclass(frozen=True, slots=True)
class Look:
    """The colours and glyphs in use, and the sanitiser in front of them."""

    options: ViewOptions
    glyphs: Glyphs
    words: bool = False

    def paint(self, style: Style, text: str) -> str:
        """Return `text`, which must be clean, in the colours of `style`."""
        return self.coded(STYLES[style][self.options.theme == "light"], text)

    def coded(self, codes: str, text: str) -> str:
        """Return `text`, which must be clean, with these SGR parameters where they can be shown."""
        if self.options.color == "mono":
            codes = ";".join(code for code in codes.split(";") if len(code) == 1)
        if self.options.color == "none" or not codes or not text:
            return text
        return f"\x1b[{codes}m{text}\x1b[0m"

    @property
    def accent(self) -> str:
        """The SGR parameters of what is set apart within a text."""
        return STYLES["busy"][self.options.theme == "light"]

    def text(self, untrusted: str) -> str:
        """Return text that may have come from anywhere, cleaned, lines kept."""
        return to_ascii(clean(untrusted)) if self.options.ascii else clean(untrusted)

    def line(self, untrusted: str) -> str:
        """Return text that may have come from anywhere, cleaned and on one line."""
        return to_ascii(clean_line(untrusted)) if self.options.ascii else clean_line(untrusted)


def live_look(options: ViewOptions) -> Look:
    """Panels drawn with boxes, or with ASCII where boxes cannot be shown."""
    return Look(options, Glyphs(1 if options.ascii or options.simple else 0))


def plain_look(options: ViewOptions) -> Look:
    """Words and indentation, and every text whole."""
    return Look(replace(options, fold=0), Glyphs(2), words=True)
