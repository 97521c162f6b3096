"""What a transcript still holds when drawing it has failed, for another look to go on with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catagent.views.look import Look
from catagent.views.model import Model
from catagent.views.panels import Tool
from catagent.views.parts import Hanging, Panel, Part, Ready
from catagent.views.text import Feed, written


def salvaged(parts: Iterable[Part], look: Look) -> Iterator[Part]:
    """Yield what nobody has taken out of `parts` yet: calls as they are, of the rest the text."""
    for part in parts:
        match part:
            case Tool() | Model():
                part.restyle(look, list(salvaged(part.parts, look)))
                yield part
            case Panel():
                yield from salvaged(part.parts, look)
            case Hanging():
                yield from salvaged([part.part], look)
            case Feed():
                yield written(look, part.unshown())
            case Ready():
                yield part
