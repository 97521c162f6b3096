"""Takes secrets out of text: known values, and what looks like a credential anyway."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

MASK = "[redacted]"

# Keys by their vendors' prefixes, bearer tokens, and passwords in URLs.
_PATTERNS = (
    re.compile(rb"\b(?:sk|pk|rk|lsv2|gsk|xai|hf|ghp|gho|xox[abp])[-_][A-Za-z0-9_\-]{12,}"),
    re.compile(rb"\bAIza[A-Za-z0-9_\-]{30,}"),
    re.compile(rb"(?i)(?<=bearer )[A-Za-z0-9._~+/\-]{8,}=*"),
    re.compile(rb"(?<=://)[^\s/@:\"]*:[^\s/@\"]+(?=@)"),
)
# A cheap look before the patterns: most lines hold one token of text and none of these.
_HINTS = (b"-", b"_", b"earer", b"EARER", b"AIza", b"@")


def redactor(secrets: Iterable[str]) -> Callable[[bytes], bytes]:
    """Return a function that masks these values, and all that looks like a key, in UTF-8 text.

    The values are found as they are and as JSON writes them.
    """
    known = _spellings(secrets)
    mask = MASK.encode()

    def redact(text: bytes) -> bytes:
        for value in known:
            if value in text:
                text = text.replace(value, mask)
        if any(hint in text for hint in _HINTS):
            for pattern in _PATTERNS:
                text = pattern.sub(mask, text)
        return text

    return redact


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without secrets."""
    return redactor(secrets)(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _spellings(secrets: Iterable[str]) -> list[bytes]:
    found = set()
    for secret in secrets:
        found |= {secret.encode(), json.dumps(secret, ensure_ascii=False)[1:-1].encode()}
    return sorted(found, key=len, reverse=True)
