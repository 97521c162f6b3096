"""The one place where untrusted text is made harmless before it enters a view or an export.

Every rule looks at one code point alone, so no chunk boundary can defeat it. Nothing is dropped:
what must not reach a terminal is replaced by something that can be seen.
"""

from __future__ import annotations

import re

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


def to_ascii(text: str) -> str:
    """Return `text` for a stream that can hold ASCII alone; the rest is written as escapes."""
    if text.isascii():
        return text
    return text.encode("ascii", "backslashreplace").decode("ascii")
