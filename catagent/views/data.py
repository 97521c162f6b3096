"""JSON as it is shown: on one row where it fits, else indented, and coloured as code."""

import msgspec

from catagent.views.markdown import Markdown
from catagent.views.parts import Part, Ready, Rows
from catagent.views.style import Look
from catagent.views.text import written
from catagent.views.wrap import cells

# In characters: a megabyte would take 8 s of CPU.
_MOST_COLORED = 50_000


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
        name = written(look, before.rstrip()).take(width) if before else []
        if len(code) > _MOST_COLORED:
            return name + written(look, code).take(width)
        return name + Markdown(look).whole(f"```json\n{code}\n```").take(width)

    return Ready(rows) if code else written(look, before + text)
