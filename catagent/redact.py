"""Takes secrets out of text: values that are known to be secret, and what looks like a key."""

from collections.abc import Iterable
from functools import lru_cache

from catagent.config import secrets_of
from catagent.secrets.patterns import MASK
from catagent.secrets.shapes import has_mark, shapes_in
from catagent.secrets.values import Values

__all__ = ["LONGEST", "MASK", "Redactor", "redact", "shortened"]

# No secret is longer: more is not held back, and its beginning is looked for no further back.
LONGEST = 8192
_REPLACED = 8
_SHORT = 64  # characters


class Redactor:
    """Knows the secret values of one run. `text` masks them, and whatever looks like a key.

    A value is found however white space in it was changed, and as JSON, HTML and addresses write
    it; so is each stretch of it that is long enough to tell something.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._values = Values(secrets)
        # A large text stands in several events, and ids and names in nearly all.
        self._remembered = lru_cache(maxsize=4)(self._text)
        self._short = lru_cache(maxsize=1 << 12)(self._text)

    def is_suspect(self, text: str, new: int = LONGEST) -> bool:
        """Whether there may be a secret in it, or the beginning of one. Wrong to one side only.

        Only the last `new` characters have not been looked at before.
        """
        return has_mark(text) is not None or self._values.may_be_in(text, new)

    def text(self, text: str) -> str:
        """The text without secrets."""
        if len(text) <= _SHORT:
            return self._short(text)
        return self._text(text) if len(text) < LONGEST else self._remembered(text)

    def _text(self, text: str) -> str:
        if not self.is_suspect(text):
            return text
        if len(text) > LONGEST:  # may be full of the same: replacing that is much faster
            start = text[:LONGEST]
            same = {start[at:end] for at, end in self._values.spans(start)}
            for found in sorted(same, key=len, reverse=True)[:_REPLACED]:
                text = text.replace(found, MASK)
        text = _without(text, self._values.spans(text))
        for shape in shapes_in(text):
            text = shape.masked(text)
        return text

    def begins_at(self, text: str) -> int:
        """Where at the end of the text a secret may have begun that is not over; else its length.

        The first few characters of a value alone are none.
        """
        before = max(0, len(text) - LONGEST)
        end = text[before:]
        begun = (shape.begins_at(end) for shape in shapes_in(end))
        at = min([self._values.begins_at(end), *begun])
        # Not in the middle of a whole value, of which the rest would be shown.
        at = next((start for start, over in self._values.spans(end) if start < at < over), at)
        return before + at


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, done = [], 0
    for start, end in spans:
        parts += [text[done:start], MASK]
        done = end
    return "".join([*parts, text[done:]])


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without these values, and without what looks like a key."""
    return _knowing(tuple(secrets)).text(text)


def shortened(text: str, most: int, *, end: bool = False) -> str:
    """The first `most` characters of the text, or the last, and "…" where the rest was.

    Without secrets, those of this process's environment too: they are masked before the cut, as
    half of one could not be recognised.
    """
    part = text[-most - LONGEST :] if end else text[: most + LONGEST]
    masked = _knowing(secrets_of()).text(part)
    if len(masked) <= most and len(part) == len(text):
        return masked
    return "…" + masked[-most:] if end else masked[:most] + "…"


@lru_cache(maxsize=8)
def _knowing(secrets: tuple[str, ...]) -> Redactor:
    return Redactor(secrets)
