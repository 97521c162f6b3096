"""Finds the nearest event that went wrong, or that has a text; behind the last comes the first."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from catagent.inspect.spans import Index
from catagent.recordings.search import Search


def next_error(index: Index, position: int, *, backwards: bool = False) -> int | None:
    """The position of the nearest failure after an event, or before it; None for none."""
    return next(_around(index.errors, position, backwards), None)


def search(index: Index, text: str, position: int, *, backwards: bool = False) -> int | None:
    """The position of the nearest event after another, or before it, that has a text.

    Tokens are not looked at: what they come to stands in the end of their model's call.
    """
    wanted, places = Search(text), _around(index.whole, position, backwards)
    return next((at for at in places if wanted.found(index.spool.line(at)) is not None), None)


def _around(positions: Sequence[int], position: int, backwards: bool) -> Iterator[int]:
    """All positions, from the nearest one on."""
    cut = bisect_left(positions, position) if backwards else bisect_right(positions, position)
    turned = [*positions[cut:], *positions[:cut]]
    return reversed(turned) if backwards else iter(turned)
