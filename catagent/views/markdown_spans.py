"""Running text of Markdown as spans of one style each, wrapped into rows."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from markdown_it.token import Token

from catagent.views.style import Look
from catagent.views.wrap import cells, wrap

_STYLES = {"strong_open": "1", "em_open": "3", "s_open": "9"}
_UNDERLINED = "4"
# One that can be a link: shown whole, it holds nothing that is not seen; what goes on with other
# letters leads elsewhere.
_ADDRESS = re.compile(r"https?://[!-;=?-~]++(?!\w)")


class Span(NamedTuple):
    """Text, the SGR parameters that it is shown with, and the address that it leads to."""

    text: str
    codes: str = ""
    url: str = ""

    def painted(self, look: Look) -> str:
        """The text as a terminal shows it."""
        link = look.options.links and _ADDRESS.fullmatch(self.url)
        shown = look.coded(self.codes, self.text)
        return f"\x1b]8;;{self.url}\x1b\\{shown}\x1b]8;;\x1b\\" if link else shown


def spans(tokens: Iterable[Token], look: Look, codes: str = "") -> list[Span]:
    """Return what inline tokens show, on top of `codes`; it raises where that is not known."""
    inline = _Inline(look, codes)
    for token in tokens:
        inline.take(token)
    return inline.found


class _Inline:
    """Inline tokens as spans. The address of a link follows its text: all that leads says where."""

    def __init__(self, look: Look, codes: str) -> None:
        self.found: list[Span] = []
        self._look, self._styles = look, [codes] * bool(codes)
        self._link, self._begun = Token("", "", 0), 0

    def take(self, token: Token) -> None:
        match token.type:
            case "text":
                for text, url in _addresses(token.content):
                    self._add(text, _UNDERLINED * bool(url), url)
            case "softbreak" | "hardbreak":
                self._add(" " if token.type == "softbreak" else "\n")
            case "code_inline":
                self._add(token.content, self._look.accent)
            case "image":
                self._add(token.content)
                self._add_address(token)
            case _:
                self._turn(token)

    def _turn(self, token: Token) -> None:
        """Begin or end a style, or a link, whose address follows unless its text is just that."""
        if token.nesting == 1:
            codes = {**_STYLES, "link_open": self._look.accent}
            self._styles.append(codes[token.type])
        else:
            self._styles.pop()
        if token.type == "link_open":
            self._link, self._begun = token, len(self.found)
        elif token.type == "link_close":
            text = "".join(span.text for span in self.found[self._begun :])
            if text != self._link.attrs["href"] or "title" in self._link.attrs:
                self._add_address(self._link)

    def _add(self, text: str, style: str = "", url: str = "") -> None:
        codes = ";".join([*self._styles, *[style] * bool(style)])
        # What the parser decodes (`&#x202e;`) nobody has cleaned.
        self.found.append(Span(self._look.text(text).replace("\t", "    "), codes, url))

    def _add_address(self, link: Token) -> None:
        url = str(link.attrs.get("href") or link.attrs.get("src", ""))
        self._add(" (")
        self._add(url, _UNDERLINED, url)
        self._add(f' "{link.attrs["title"]}")' if "title" in link.attrs else ")")


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    """The text in pieces, each with the address that it is."""
    at = 0
    for match in _ADDRESS.finditer(text):
        url = match[0].rstrip(".,;:!?'\"*]}")
        while url.endswith(")") and url.count(")") > url.count("("):
            url = url[:-1]
        yield text[at : match.start()], ""
        yield url, url
        at = match.start() + len(url)
    yield text[at:], ""


def wrapped(line: Iterable[Span], width: int) -> Iterator[list[Span]]:
    """Yield the rows of a text that may hold newlines, each `width` cells at most."""
    rest = deque(line)
    text, at = "".join(span.text for span in rest), 0
    for part in text.split("\n"):
        for row in wrap(part, width):
            yield _taken(rest, len(row))
            at += len(row)
            if text[at : at + 1] in ("\n", " "):  # swallowed where a row ends
                _taken(rest, 1)
                at += 1


def _taken(rest: deque[Span], size: int) -> list[Span]:
    """Take so many characters from the front."""
    found: list[Span] = []
    while size > 0:
        span = rest.popleft()
        if len(span.text) > size:
            rest.appendleft(span._replace(text=span.text[size:]))
            span = span._replace(text=span.text[:size])
        found.append(span)
        size -= len(span.text)
    return found


def painted(row: Iterable[Span], look: Look, width: int = 0, align: str = "") -> str:
    """Return a row as a terminal shows it, in the middle or at the right of `width` cells."""
    row = list(row)
    spare = max(0, width - sum(cells(span.text) for span in row))
    left = {"center": spare // 2, "right": spare}.get(align, 0)
    return " " * left + "".join(span.painted(look) for span in row) + " " * (spare - left)
