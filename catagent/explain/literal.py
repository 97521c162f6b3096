"""Values as Python writes them, in the layout of ruff's formatter: nothing in them is code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from catagent.errors import UsageError
from catagent.views.wrap import cells

_WIDTH = 88
_DEEPEST = 40  # Python reads a hundred brackets in each other


def assigned(name: str, value: Any) -> str:
    """A line that gives a name a value; a text goes below where it fits there alone."""
    made = literal(value, len(name) + 3)
    if isinstance(value, str) and _WIDTH - len(name) - 3 < cells(made) <= _WIDTH - 4:
        made = f"(\n    {made}\n)"
    return f"{name} = {made}"


def literal(value: Any, taken: int = 0, indent: int = 0) -> str:
    """JSON-like data as Python; `taken` columns of its first line are of something else.

    Raises UsageError for what is nested too deep.
    """
    if indent > 4 * _DEEPEST:
        raise UsageError("what is given is nested too deep for a script", "ask without --explain")
    if isinstance(value, dict):
        pairs = [(text(key) + ": ", item) for key, item in value.items()]
        inner = [key + literal(item, indent + 5 + cells(key), indent + 4) for key, item in pairs]
        return enclosed("{", inner, "}", taken, indent)
    if isinstance(value, list | tuple):
        inner = [literal(item, indent + 5, indent + 4) for item in value]
        return enclosed("[", inner, "]", taken, indent)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return text(value) if isinstance(value, str) else repr(value)


def call(name: str, *first: str, taken: int = 0, indent: int = 0, **given: Any) -> str:
    """A call with these expressions first, and what is `given` as literals by keyword."""
    inner = [f"{k}={literal(v, indent + 6 + len(k), indent + 4)}" for k, v in given.items()]
    return enclosed(f"{name}(", [*first, *inner], ")", taken, indent)


def enclosed(left: str, items: Sequence[str], right: str, taken: int, indent: int) -> str:
    """Items between brackets: in one line where that fits, else a line each and a last comma."""
    flat = left + ", ".join(items) + right
    if not items or ("\n" not in flat and taken + cells(flat) <= _WIDTH):
        return flat
    inner = "".join(f"{' ' * (indent + 4)}{item},\n" for item in items)
    return f"{left}\n{inner}{' ' * indent}{right}"


def text(value: str) -> str:
    """A text in the quotes that need fewer escapes, double ones if in doubt."""
    inner = repr('"' + value)[2:-1].replace("\\'", "'")  # of which no quote is escaped
    quote = '"' if value.count('"') <= value.count("'") else "'"
    return quote + inner.replace(quote, "\\" + quote) + quote
