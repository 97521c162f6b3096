"""What differs between two runs: side by side where there is room, else below each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import groupby, zip_longest

from catagent.compare.differences import Compared, Difference
from catagent.views.format import count, line
from catagent.views.style import Look
from catagent.views.wrap import wrap

# In columns, with one left free at the edge: of less, there is no room for both.
_ROOM = 99
_WORDS = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
# More words take too long to compare; so many are shown around a difference. Of texts that have
# less in common, what differs is not marked.
_MOST, _AROUND, _ALIKE = 1000, 12, 0.4


def rows(difference: Difference, look: Look, width: int | None = None) -> Iterator[str]:
    """One difference: what it is, and below it both texts where that does not say all."""
    yield from wrap(f"{difference.where}: {difference.said}", width)
    texts = [text for text in (difference.a, difference.b) if text is not None]
    if not all(text in difference.said for text in texts):
        yield from sides(difference, look, width)


def table(compared: Iterable[Compared], look: Look, width: int) -> Iterator[str]:
    """Every step that differs, with both texts of all that does; others are counted."""
    for is_alike, group in groupby(compared, lambda each: not each[1]):
        found = list(group)
        if is_alike:
            yield look.paint("dim", f"  {count(len(found), 'step')} alike")
        for where, differences in () if is_alike else found:
            yield look.paint("question", look.line(where))
            for each in differences:
                yield look.paint("dim", f"  {each.what}")
                yield from sides(each, look, width)


def sides(difference: Difference, look: Look, width: int | None) -> Iterator[str]:
    """Both texts, clean, with what differs marked as `git diff --word-diff` does."""
    both = _marked(difference.a or "", difference.b or "")
    lines = [look.text(text).split("\n") if text else [] for text in both]
    if width is None or width < _ROOM:
        for sign, those in zip("-+", lines, strict=True):
            for row in (row for each in those for row in wrap(each, width and width - 4)):
                yield f"  {sign} {row}"
        return
    half = (width - 6) // 2
    wrapped = [[row for each in those for row in wrap(each, half)] for those in lines]
    for a, b in zip_longest(*wrapped, fillvalue=""):
        yield "  " + line({"a": a, "b": b}, {"a": half, "b": half}, ())


def _marked(a: str, b: str) -> tuple[str, str]:
    """Two texts with `[-…-]` and `{+…+}` around what differs, and `…` for what is far from it."""
    begin = next((at for at in range(0, len(a), 64) if a[at : at + 64] != b[at : at + 64]), 0)
    begin = max(0, begin - 64)
    x, y = (_WORDS.findall(text[begin : begin + 16 * _MOST])[:_MOST] for text in (a, b))
    matcher, left, right = SequenceMatcher(None, x, y), list[str](), list[str]()
    for kind, i, j, k, m in matcher.get_opcodes():
        old, new = "".join(x[i:j]), "".join(y[k:m])
        if kind == "equal":
            old = new = "".join(x[i:j] if j - i <= 2 * _AROUND else _ends(x[i:j]))
        elif matcher.ratio() > _ALIKE:
            old, new = old and f"[-{old}-]", new and f"{{+{new}+}}"
        left.append(old)
        right.append(new)
    before, (here, there) = "…" * bool(begin), ("".join(each) for each in (x, y))
    return (
        before + "".join(left) + "…" * (begin + len(here) < len(a)),
        before + "".join(right) + "…" * (begin + len(there) < len(b)),
    )


def _ends(words: list[str]) -> list[str]:
    return [*words[:_AROUND], " … ", *words[-_AROUND:]]
