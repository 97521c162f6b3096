"""JSON as it is shown: on one row where it fits, else indented, and coloured as code."""

import re

import msgspec

from catagent.views.markdown import Markdown
from catagent.views.parts import Part, Ready, Rows
from catagent.views.style import Look
from catagent.views.text import written
from catagent.views.wrap import cells

# In characters: a megabyte would take 2 s of CPU.
_MOST_COLORED = 20_000
# A list or an object that holds no other, over several lines: no string ends in a bracket, or holds
# the end of a line.
_FLAT = re.compile(r"^(.*[\[{])\n([^\[\]{}]+)\n *([\]}],?)$", re.MULTILINE)
_MARGIN = 2  # before code


def indented(text: str) -> str:
    """JSON of more than one value, indented, with no letter of it changed; "" for other text."""
    try:
        return msgspec.json.format(text) if text[:1] in ("{", "[") else ""
    except (ValueError, RecursionError):
        return ""


def _compact(code: str, width: int) -> str:
    """Indented JSON with each list or object that holds no other on one line, where it fits."""

    def joined(found: re.Match[str]) -> str:
        line = found[1] + re.sub(r"\n *", " ", found[2].strip(" ")) + found[3]
        return line if len(line) <= width else found[0]

    return _FLAT.sub(joined, code)


def data(look: Look, text: str, before: str = "") -> Part:
    """What may be JSON, behind a name; in words, it stays as it is."""
    whole = "" if look.words else indented(text)

    def rows(width: int | None) -> Rows:
        if "\n" not in text and cells(line := look.line(before + text)) <= (width or 0):
            return [line]
        code = whole if width is None else _compact(whole, width - _MARGIN)
        drawn = f"```json\n{code}\n```" if len(code) <= _MOST_COLORED else ""
        below = Markdown(look).whole(drawn) if drawn else written(look, code)
        return written(look, before).take(width) + below.take(width)

    return Ready(rows) if whole else written(look, before + text)
