"""What a transcript still holds when drawing it has failed: the bare text, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catagent.views.model import Model
from catagent.views.panels import Tool
from catagent.views.parts import Feed, Hanging, Panel, Part


def unshown(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the pieces of text that nobody has taken out of `parts` yet, as they came."""
    for part in parts:
        if isinstance(part, Tool):
            yield f"tool: {part.title}"
        if isinstance(part, Feed):
            yield part.unshown()
        elif isinstance(part, Hanging):
            yield from unshown([part.part])
        elif isinstance(part, (Panel, Model)):
            yield from unshown(part.parts)
