"""The one place where untrusted text is made harmless before it enters a view or an export.

Every rule looks at one code point alone, so no chunk boundary can defeat it. Nothing is dropped:
what must not reach a terminal is replaced by something that can be seen.
"""

import re

# What sets colours and the like; the group keeps it where a line is split there.
SGR = re.compile("(\x1b\\[[0-9;:]*m)")
_RESETS = ("\x1b[m", "\x1b[0m")
# A program that never resets its colours sets them anew: so many sequences hold what is set.
_MOST = 16
# C0, DEL, C1, Arabic letter mark, zero-width space, directional marks, line separators, bidi
# controls, invisible operators, BOM, interlinear annotation, tags and variation selectors
# supplement, surrogates. ZWNJ, ZWJ and VS16 stay: scripts and emoji need them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e01ef]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"<{code:04X}>"


def clean(text: str) -> str:
    """Return `text` with nothing in it that a terminal or a reader could be fooled by.

    Newline and tab stay; other controls become their picture (ESC: U+241B), lone surrogates
    U+FFFD, invisible and bidi code points a form like `<202E>`. Cleaning twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_visible, text)


def clean_line(text: str) -> str:
    """Like `clean`, for a name or a title: newlines and tabs are made visible too."""
    return clean(text).replace("\n", "\u240a").replace("\t", "\u2409")


class Colors:
    """Lines of a program, with its colours and with nothing else that a terminal could obey."""

    def __init__(self) -> None:
        self._on: list[str] = []

    def line(self, text: str) -> str:
        """Return the next line, in the colours that were on after the last one."""
        parts = [*self._on]
        for index, part in enumerate(SGR.split(text)):
            parts.append(part if index % 2 else clean(part))
            if index % 2:
                self._on = [] if part in _RESETS else [*self._on, part][-_MOST:]
        return "".join(parts) + (_RESETS[1] if len(parts) > 1 else "")


def to_ascii(text: str) -> str:
    """Return `text` for a stream that can hold ASCII alone; the rest is written as escapes."""
    return text.encode("ascii", "backslashreplace").decode("ascii")
