"""Finds the next event that went wrong, or that has a text: in what was said, in any case."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from catagent.events.types import Unknown
from catagent.inspect.spans import Index


def next_error(index: Index, position: int, *, backwards: bool = False) -> int | None:
    """The position of the nearest failure after an event, or before it; None for none.

    Behind the last one comes the first.
    """
    return next(_around(index.errors, position, backwards), None)


def search(index: Index, text: str, position: int, *, backwards: bool = False) -> int | None:
    """The position of the nearest event after another, or before it, that has a text.

    Behind the last one comes the first. Tokens are not looked at: what they come to
    stands in the end of their model's call.
    """
    wanted = text.casefold()
    needle = msgspec.json.encode(text)[1:-1].lower() if text.isascii() else b""
    for each in _around(index.whole, position, backwards):
        if needle in index.spool.line(each).lower() and _has(index, each, wanted):
            return each
    return None


def _around(positions: Sequence[int], position: int, backwards: bool) -> Iterator[int]:
    """All positions, from the nearest one on."""
    cut = bisect_left(positions, position) if backwards else bisect_right(positions, position)
    turned = [*positions[cut:], *positions[:cut]]
    return reversed(turned) if backwards else iter(turned)


def _has(index: Index, position: int, wanted: str) -> bool:
    event = index.spool[position]
    known = [event.fields] if isinstance(event, Unknown) else [event.name, event.data]
    return any(wanted in text.casefold() for text in _texts(msgspec.to_builtins(known)))


def _texts(value: Any) -> Iterator[str]:
    """The texts in data, without the keys."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict | list):
            waiting += each.values() if isinstance(each, dict) else each
