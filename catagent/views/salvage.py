"""What a transcript still holds when drawing it has failed: the bare text, in order."""

from __future__ import annotations

from collections.abc import Iterable

from catagent.views.look import Look
from catagent.views.model import Model
from catagent.views.panels import Tool
from catagent.views.parts import Feed, Hanging, Panel, Part, Rows


def unshown(parts: Iterable[Part], look: Look) -> Rows:
    """Return the lines of text that nobody has taken out of `parts` yet."""
    rows: Rows = []
    for part in parts:
        if isinstance(part, Tool):
            rows.append(f"tool: {part.title}")
        if isinstance(part, Feed):
            rows += [look.text(line) for line in part.unshown().split("\n") if line]
        elif isinstance(part, Hanging):
            rows += unshown([part.part], look)
        elif isinstance(part, (Panel, Model)):
            rows += unshown(part.parts, look)
    return rows
