"""The plain form of text: without white space and without escapes, so that forms do not matter.

`"a b"` in JSON, JSON in JSON, `repr`, HTML, an address, wrapped anew: all have one plain form.
"""

import html
import re
from bisect import bisect_right

# A backslash and what it escapes, however often it was escaped itself; the percent of addresses;
# HTML's references. A backslash alone counts for nothing: it escapes what follows it.
_SLASH = r"(?:\\|%(?:25)*5[Cc])+"
_HIGH = rf"{_SLASH}u[dD][89abAB][0-9a-fA-F]{{2}}"
_BYTES = r"(?:%(?:25)*[89a-fA-F][0-9a-fA-F])+"
_ESCAPES = rf"""
    {_HIGH}{_SLASH}u[dD][c-fC-F][0-9a-fA-F]{{2}}
  | {_SLASH}(?:u[0-9a-fA-F]{{4}}|x[0-9a-fA-F]{{2}}|[abfnrtv])?
  | {_BYTES} | %(?:25)*[0-7][0-9a-fA-F]
  | &(?:amp;)*(?:\#(?:[xX][0-9a-fA-F]{{1,6}}|[0-9]{{1,7}})|quot|apos|amp|lt|gt|nbsp);
"""
_ESCAPE = re.compile(_ESCAPES, re.VERBOSE)
_PIECE = re.compile(rf"[^\s\\%&]+|{_ESCAPES}|[%&]", re.VERBOSE)
# An escape at the end of a text that goes on.
_HALF = re.compile(
    rf"""(?:{_HIGH})?(?:{_SLASH}(?:u[0-9a-fA-F]{{0,3}}|x[0-9a-fA-F]?)?
      | (?:{_BYTES})?%(?:25)*[0-9a-fA-F]? | {_BYTES} | &(?:amp;)*[#a-zA-Z0-9]{{0,7}})?\Z""",
    re.VERBOSE,
)
# No escape is longer, as long as it is escaped only once or twice.
_LONGEST_HALF = 32


def plain(text: str) -> str:
    """The text without white space, its escapes resolved."""
    if "\\" in text:  # the most frequent ones first: that is much faster
        text = text.replace("\\n", " ").replace('\\"', '"')
    if "\\" in text or "%" in text or "&" in text:
        text = _ESCAPE.sub(_resolved, text)
    return "".join(text.split())


def without_half(text: str) -> str:
    """The text without the beginning of an escape that is not over at its end."""
    half = _HALF.search(text, max(0, len(text) - _LONGEST_HALF))
    return text if half is None else text[: half.start()]


class Plain:
    """The plain form of a text, as `text`, and where in the text each character of it stands."""

    def __init__(self, text: str) -> None:
        found: list[str] = []
        self._at: list[int] = []
        self._spans: list[tuple[int, int]] = []
        length = 0
        for match in _PIECE.finditer(text):
            piece = match[0]
            if piece[0] in "\\%&":
                piece = "".join(_ESCAPE.sub(_resolved, piece).split())
            if piece:
                found.append(piece)
                self._at.append(length)
                self._spans.append(match.span())
                length += len(piece)
        self.text = "".join(found)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from `start` to `end` of the plain form stand in the text."""
        return self._span(start)[0], self._span(end - 1)[1]

    def _span(self, at: int) -> tuple[int, int]:
        piece = bisect_right(self._at, at) - 1
        start, end = self._spans[piece]
        into = at - self._at[piece]
        length = (*self._at[piece + 1 : piece + 2], len(self.text))[0] - self._at[piece]
        return (start + into, start + into + 1) if end - start == length else (start, end)


def _resolved(match: re.Match[str]) -> str:
    escape = match[0]
    if escape[0] == "&":
        return html.unescape(escape.replace("amp;", ""))
    if escape[0] == "%" and not re.match(r"%(?:25)*5[Cc]", escape):
        return bytes.fromhex(re.sub(r"%(?:25)*", "", escape)).decode("utf-8", "ignore")
    codes = re.findall(r"(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))", escape)
    units = "".join(chr(int(long or short, 16)) for long, short in codes)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
