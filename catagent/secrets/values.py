"""Known secrets in text, whole and in part, however white space and escapes were changed."""

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from catagent.secrets.plain import Plain, plain, without_half

# So many characters of a secret in a row give something of it away, wherever they stand.
TELLING = 12
# Pieces of this length are looked up: of the secrets all, of a text one in so many.
_GRAM = 4
# So every stretch of this length is found, and nothing shorter is looked for in this way.
_LEAST = 2 * _GRAM
# So many places of one piece are looked at: secrets that begin alike differ in other pieces.
_ALIKE = 8
_GRAMS = re.compile(".{4}", re.DOTALL)
# Folders, files, addresses: a part of one is no secret, and stands in many texts.
_PLACE = re.compile(r"(?:~|\.{1,2})?[/\\][A-Za-z]\w+[/\\.]\S*|[A-Za-z]:[/\\]\S*|[\w.+-]+://\S*")
# Where a secret that holds addresses is taken apart, and what of it is a secret by itself.
_BETWEEN = re.compile(r"[\s\"',{}]+|\\+[nrt]")
_LONG = 20


class _Value(NamedTuple):
    """The plain form of a secret, of which `telling` characters in a row are to be masked."""

    form: str
    telling: int


class Values:
    """The known secrets of one run. Finds them in text, and parts that tell something of them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._grams: dict[str, list[tuple[_Value, int]]] = {}
        exact: set[str] = set()
        for secret in set(_apart(secrets)):
            value = _value(secret)
            if len(value.form) < _LEAST:
                exact |= {secret, json.dumps(secret)[1:-1]}
                exact.add(json.dumps(secret, ensure_ascii=False)[1:-1])
            else:
                self._add(value)
        self._exact = sorted(exact, key=len, reverse=True)

    def _add(self, value: _Value) -> None:
        for at in range(len(value.form) - _GRAM + 1):
            found = self._grams.setdefault(value.form[at : at + _GRAM], [])
            if len(found) < _ALIKE:
                found.append((value, at))

    def may_be_in(self, text: str, new: int) -> bool:
        """Whether there may be one, or the beginning of one at the end. Wrong to one side only.

        Only the last `new` characters have not been looked at before.
        """
        escaped = "\\" in text or "%" in text or "&" in text
        form = plain(without_half(text)) if escaped else "".join(text.split())
        grams = self._grams
        if form[-_GRAM:] in grams or form[-_LEAST:-_GRAM] in grams:
            return True
        if new > _LEAST and not grams.keys().isdisjoint(_GRAMS.findall(form)):
            return True
        return bool(self._exact) and any(value[:_GRAM] in text for value in self._exact)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """From where to where there is something to be masked, in order and apart."""
        found = [*self._known_spans(text), *self._exact_spans(text)]
        merged: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if merged and start < merged[-1][1]:
                start, end = merged[-1][0], max(end, merged.pop()[1])
            merged.append((start, end))
        return merged

    def _known_spans(self, text: str) -> Iterator[tuple[int, int]]:
        form, whole, done = plain(text), None, 0
        for at, gram in enumerate(_GRAMS.findall(form)):
            if gram in self._grams and at * _GRAM >= done:
                start, done = self._longest(form, at * _GRAM)
                if start < done:
                    whole = whole or Plain(text)
                    yield whole.span(start, done)

    def _longest(self, form: str, at: int) -> tuple[int, int]:
        """The longest stretch around this place that tells something; an empty one if none does."""
        found = [(at, at)]
        for value, start in self._grams[form[at : at + _GRAM]]:
            before = _alike_before(form, at, value.form, start)
            after = _alike_after(form, at, value.form, start)
            if before + after >= value.telling:
                found.append((at - before, at + after))
        return max(found, key=lambda each: each[1] - each[0])

    def _exact_spans(self, text: str) -> Iterator[tuple[int, int]]:
        for value in self._exact:
            at = text.find(value)
            while at >= 0:
                yield at, at + len(value)
                at = text.find(value, at + len(value))

    def begins_at(self, text: str) -> int:
        """Where at the end of the text one may have begun that is not over; else its length.

        The first few characters of one alone are none.
        """
        whole = Plain(without_half(text))
        begun = self._begun(whole.text)
        at = whole.span(len(whole.text) - begun, len(whole.text))[0] if begun else len(text)
        for value in self._exact:
            for length in range(min(len(value) - 1, len(text)), _GRAM - 1, -1):
                if text.endswith(value[:length]):
                    at = min(at, len(text) - length)
        return at

    def _begun(self, form: str) -> int:
        """How many characters of one stand at the end, unless that is all of it."""
        longest, goes_on = 0, False
        at = len(form) - _GRAM
        for value, start in self._grams.get(form[-_GRAM:], ()):
            before = _alike_before(form, at, value.form, start)
            length = before + _GRAM
            has_parts = value.telling < len(value.form)
            if length >= longest and (before == start or (has_parts and length >= _LEAST)):
                more = start + _GRAM < len(value.form)
                longest, goes_on = length, more or (goes_on and length == longest)
        return longest if goes_on else 0


def _apart(secrets: Iterable[str]) -> Iterator[str]:
    """The secrets, and the parts of those that hold addresses, which are masked whole alone."""
    for secret in filter(None, secrets):
        yield secret
        if "://" in secret:
            parts = _BETWEEN.split(secret)
            yield from (part for part in parts[1:] and parts if len(part) >= _LONG)


def _value(secret: str) -> _Value:
    form = plain(secret)
    if _PLACE.fullmatch(secret) or (len(form) < len(secret) and "://" in secret):
        return _Value(form, len(form))
    telling = TELLING
    if len(form) < len(secret):
        windows = range(max(1, len(secret) - TELLING + 1))
        telling = min(len(plain(secret[at : at + TELLING])) for at in windows)
    return _Value(form, min(len(form), max(_LEAST, telling)))


def _alike_before(one: str, at: int, other: str, start: int) -> int:
    """How many characters before these places are the same."""
    return _most(min(at, start), lambda n: one[at - n : at] == other[start - n : start])


def _alike_after(one: str, at: int, other: str, start: int) -> int:
    """How many characters from these places on are the same."""
    most = min(len(one) - at, len(other) - start)
    return _most(most, lambda n: one[at : at + n] == other[start : start + n])


def _most(most: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to `most` for which it holds, where it holds for all smaller ones."""
    return bisect_left(range(1, most + 1), True, key=lambda n: not holds(n))
