"""Takes secrets out of text: values that are known to be secret, and what looks like a key."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from functools import lru_cache

from catagent.config import secrets_of

MASK = "[redacted]"

# Keys by the prefixes that providers give them, bearer tokens, logins, and passwords in URLs. What
# a named group holds stays.
_SHAPES = re.compile(
    r"""
      \b(?:sk|gsk|xai|pplx|hf|ghp|lsv2_pt|lsv2_sk)[-_][A-Za-z0-9_*-]{8,}
    | \bAIza[A-Za-z0-9_-]{30,}
    | \bAKIA[A-Z0-9]{16}\b
    | (?P<bearer>\b[Bb]earer\s+)[A-Za-z0-9._~+/=-]{8,}
    | (?P<basic>\b[Bb]asic\s+)[A-Za-z0-9+/]{8,}={0,2}
    | (?P<query>[?&](?:api[-_]?key|key|token|access_token|password)=)[^&\s"'\\]+
    | (?P<scheme>://[^\s/:@"'\\]*:)[^\s/@"'\\]+(?=@)
    """,
    re.VERBOSE,
)
# The same, as far as they have come at the end of a text that goes on.
_BEGUN = re.compile(
    r"""
    (?: \b(?:sk|gsk|xai|pplx|hf|ghp|lsv2_pt|lsv2_sk)[-_][A-Za-z0-9_*-]*
      | \bAIza[A-Za-z0-9_-]*
      | \bAKIA[A-Z0-9]*
      | \b[Bb]earer\s+[A-Za-z0-9._~+/=-]*
      | \b[Bb]asic\s+[A-Za-z0-9+/=]*
      | [?&](?:api[-_]?key|key|token|access_token|password)=[^&\s"'\\]*
      | ://[^\s/"'\\]*
    )\Z
    """,
    re.VERBOSE,
)
# Looking for these first is much cheaper than the patterns, and most text has none.
_MARKS = (
    *("sk-", "sk_", "xai-", "xai_", "pplx-", "hf_", "hf-", "ghp_", "lsv2_", "AIza", "AKIA"),
    *("earer ", "asic ", "key=", "token=", "password=", "://"),
)
# Text of which so much is known of a secret value is suspect.
_HEAD = 4
# A secret is not longer; looking for its beginning further back would be quadratic.
_LONGEST = 4096
# One pattern is the faster way through a short text, one search a mark through a long one.
_LONG = 256


class Redactor:
    """Knows the secret values of one run. `text` masks them, and whatever looks like a key.

    A value is found as it is and as JSON writes it.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._values = sorted(_spellings(secrets), key=len, reverse=True)
        self._marks = (*_MARKS, *{value[:_HEAD] for value in self._values})
        self._search = re.compile("|".join(map(re.escape, self._marks))).search

    def is_suspect(self, text: str) -> bool:
        """Whether there may be a secret in it, or the beginning of one. Wrong to one side only."""
        if len(text) < _LONG:
            return self._search(text) is not None
        return any(mark in text for mark in self._marks)

    def text(self, text: str) -> str:
        """The text without secrets."""
        if not self.is_suspect(text):
            return text
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return _SHAPES.sub(_masked, text)

    def begins_at(self, text: str) -> int:
        """Where at the end of the text a secret may have begun that is not over; else its length.

        The first few characters of a value alone are none.
        """
        begun = _BEGUN.search(text, max(0, len(text) - _LONGEST))
        found = [] if begun is None else [begun.start()]
        for value in self._values:
            for length in range(min(len(value) - 1, len(text)), _HEAD - 1, -1):
                if text.endswith(value[:length]):
                    found.append(len(text) - length)
        return min((at for at in found if not self._is_inside(text, at)), default=len(text))

    def _is_inside(self, text: str, at: int) -> bool:
        """Whether it is in the middle of a whole value: one may end as it begins."""
        return any(
            text.find(value, max(0, at - len(value) + 1), at + len(value) - 1) >= 0
            for value in self._values
        )


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without these values, and without what looks like a key."""
    return Redactor(secrets).text(text)


def shortened(text: str, most: int, *, end: bool = False) -> str:
    """The first `most` characters of the text, or the last, and "…" where the rest was.

    Without secrets, those of this process's environment too: they are masked before the cut, as
    half of one could not be recognised.
    """
    known = _knowing(secrets_of())
    if end:
        text = known.text(text)
        return text if len(text) <= most else "…" + text[-most:]
    window = text[: most + _LONGEST]
    masked = known.text(window if window == text else window[: known.begins_at(window)])
    return masked if window == text and len(masked) <= most else masked[:most] + "…"


@lru_cache(maxsize=1)
def _knowing(secrets: tuple[str, ...]) -> Redactor:
    return Redactor(secrets)


def _spellings(secrets: Iterable[str]) -> set[str]:
    found = set()
    for secret in filter(None, secrets):
        found |= {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return found


def _masked(match: re.Match[str]) -> str:
    kept = match.group(match.lastgroup) if match.lastgroup else ""
    if match.lastgroup == "basic" and not _is_login(match[0][len(kept) :]):
        return match[0]
    return kept + MASK


def _is_login(word: str) -> bool:
    """Whether it is "name:password" in base64, and not a word that follows another."""
    try:
        return ":" in base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("utf-8")
    except ValueError:
        return False
