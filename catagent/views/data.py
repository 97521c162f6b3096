"""JSON as it is shown: on one row where it fits, else indented, and coloured as code."""

import msgspec

from catagent.views.markdown import Markdown
from catagent.views.parts import Part, Ready, Rows
from catagent.views.style import Look
from catagent.views.text import written
from catagent.views.wrap import cells

# In characters: a megabyte would take 2 s of CPU.
_MOST_COLORED = 20_000


def indented(text: str) -> str:
    """JSON of more than one value, indented, with no letter of it changed; "" for other text."""
    try:
        return msgspec.json.format(text) if text[:1] in ("{", "[") else ""
    except (ValueError, RecursionError):
        return ""


def data(look: Look, text: str, before: str = "") -> Part:
    """What may be JSON, behind a name; in words, it stays as it is."""
    code = "" if look.words else indented(text)

    def rows(width: int | None) -> Rows:
        if "\n" not in text and cells(line := look.line(before + text)) <= (width or 0):
            return [line]
        drawn = f"```json\n{code}\n```" if len(code) <= _MOST_COLORED else ""
        below = Markdown(look).whole(drawn) if drawn else written(look, code)
        return written(look, before).take(width) + below.take(width)

    return Ready(rows) if code else written(look, before + text)
