"""Takes secrets out of text: values that are known to be secret, and what looks like a key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

MASK = "[redacted]"

# Keys by the prefixes that providers give them, bearer tokens, and passwords in URLs. What a
# named group holds stays.
_SHAPES = re.compile(
    rb"""
      \b(?:sk|gsk|xai|pplx|hf|ghp|lsv2_pt|lsv2_sk)[-_][A-Za-z0-9_*-]{8,}
    | \bAIza[A-Za-z0-9_-]{30,}
    | \bAKIA[A-Z0-9]{16}\b
    | (?P<bearer>\b[Bb]earer\s+)[A-Za-z0-9._~+/=-]{8,}
    | (?P<query>[?&](?:api[-_]?key|key|token|access_token|password)=)[^&\s"'\\]+
    | (?P<scheme>://[^\s/:@"'\\]*:)[^\s/@"'\\]+(?=@)
    """,
    re.VERBOSE,
)
# Looking for these first is twenty times cheaper than the pattern, and most lines have none.
_MARKS = (
    *(b"sk-", b"sk_", b"xai-", b"pplx-", b"hf_", b"ghp_", b"lsv2_", b"AIza", b"AKIA"),
    *(b"earer ", b"key=", b"token=", b"password=", b"://"),
)


def redactor(secrets: Iterable[str]) -> Callable[[bytes], bytes]:
    """Return a function that masks these values, and whatever looks like a key, in UTF-8 text.

    A value is found as it is and as JSON writes it. Text cut into pieces is another text: a
    secret whose halves come in two events is not found.
    """
    values = sorted(_spellings(secrets), key=len, reverse=True)
    mask = MASK.encode()

    def redact_bytes(text: bytes) -> bytes:
        for value in values:
            if value in text:
                text = text.replace(value, mask)
        if any(mark in text for mark in _MARKS):
            text = _SHAPES.sub(_masked, text)
        return text

    return redact_bytes


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without these values, and without what looks like a key."""
    encoded = text.encode("utf-8", "surrogatepass")
    return redactor(secrets)(encoded).decode("utf-8", "surrogatepass")


def _spellings(secrets: Iterable[str]) -> set[bytes]:
    found = set()
    for secret in secrets:
        if secret:
            found.add(secret.encode("utf-8", "surrogatepass"))
            found.add(json.dumps(secret)[1:-1].encode())
            found.add(json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"))
    return found


def _masked(match: re.Match[bytes]) -> bytes:
    kept = match.group(match.lastgroup) if match.lastgroup else b""
    return kept + MASK.encode()
