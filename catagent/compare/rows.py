"""What differs between two runs: side by side where there is room, else below each other."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from re import compile as pattern

from catagent.compare.differences import Compared, Difference, common
from catagent.views.format import count, line
from catagent.views.options import ViewOptions
from catagent.views.style import Look, plain_look
from catagent.views.wrap import wrap

# In columns, with one left free at the edge: of less, there is no room for both.
_ROOM = 99
_WORDS = pattern(r"\s*(?:\w+|[^\w\s])|\s+")
# More words take too long to compare; so many are shown around a difference. Of texts that have
# less in common, what differs is not marked.
_MOST, _AROUND, _ALIKE = 1000, 12, 0.4
_BEFORE = 64  # characters
_PLAIN = plain_look(ViewOptions())


def rows(difference: Difference) -> Iterator[str]:
    """One difference, clean: what it is, and below it both texts where that does not say all."""
    yield _PLAIN.line(f"{difference.where}: {difference.said}")
    texts = [text for text in (difference.a, difference.b) if text is not None]
    if not all(text in difference.said for text in texts):
        yield from _sides(difference, _PLAIN, None)


def table(compared: Iterable[Compared], look: Look, width: int) -> Iterator[str]:
    """Every step that differs, with both texts of all that does; others are counted."""
    if width >= _ROOM:
        yield look.paint("dim", f"  A{' ' * ((width - 6) // 2)} B")
    for is_alike, group in groupby(compared, lambda each: not each[1]):
        found = list(group)
        if is_alike:
            yield look.paint("dim", f"{count(len(found), 'step')} alike")
        for where, differences in () if is_alike else found:
            yield look.paint("question", look.line(where))
            for each in differences:
                yield look.paint("dim", f"  {each.what}")
                yield from _sides(each, look, width)


def _sides(difference: Difference, look: Look, width: int | None) -> Iterator[str]:
    """Both texts, clean, with what differs marked as `git diff --word-diff` does."""
    is_wide = width is not None and width >= _ROOM
    room = width and (width - 6) // (2 if is_wide else 1)
    both = [
        [row for each in look.text(text).split("\n") if text for row in wrap(each, room)]
        for text in _marked(difference.a or "", difference.b or "")
    ]
    if is_wide and room:
        for a, b in zip_longest(*both, fillvalue=""):
            yield "  " + line({"a": a, "b": b}, {"a": room, "b": room}, ())
        return
    for sign, those in zip("-+", both, strict=True):
        yield from (f"  {sign} {row}" for row in those)


def _marked(a: str, b: str) -> tuple[str, str]:
    """Two texts with `[-…-]` and `{+…+}` around what differs, and `…` for what is far from it."""
    begin = max(0, common(a, b) - _BEFORE)
    x, y = (_WORDS.findall(text[begin : begin + 16 * _MOST])[:_MOST] for text in (a, b))
    matcher, parts = SequenceMatcher(None, x, y), list[tuple[str, ...]]()
    parts.append(("…" * bool(begin),) * 2)
    marks = ("[-{}-]", "{{+{}+}}") if matcher.ratio() > _ALIKE else ("{}", "{}")
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            cut = [*x[i : i + _AROUND], " … ", *x[j - _AROUND : j]]
            parts.append(("".join(x[i:j] if j - i <= 2 * _AROUND else cut),) * 2)
        else:
            parts.append(tuple(map(_mark, marks, ("".join(x[i:j]), "".join(y[k:m])))))
    both = ((x, a), (y, b))
    parts.append(tuple("…" * (begin + sum(map(len, those)) < len(text)) for those, text in both))
    left, right = ("".join(each) for each in zip(*parts, strict=True))
    return left, right


def _mark(mark: str, text: str) -> str:
    rest = text.lstrip()
    return text[: len(text) - len(rest)] + mark.format(rest) if rest else text
