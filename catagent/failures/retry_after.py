"""How long a server asks to be left alone, and how long that is taken for an answer."""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Mapping
from contextlib import suppress

# A longer wait than this is not waited for, but reported to the person.
MAX_RETRY_AFTER_S = 60.0
# Google's RetryInfo, and what it and others write in words: `1.2s`, `820ms`, `7m12s`.
_IN_A_BODY = re.compile(
    r"(?:retryDelay[\"']\s*:\s*[\"']|(?:re)?try (?:again )?in )"
    r"((?:\d{1,9}(?:\.\d{1,9})?(?:ms|[hms])){1,4})"
)
_PART = re.compile(r"([\d.]+)(ms|[hms])")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_MOST_READ = 1 << 16


def retry_after(headers: Mapping[str, str], now: float, body: str = "") -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` (a number or a date) asks for; None without.

    `now` is the time of day, in seconds since the epoch. Where the headers do not say it, the
    body of an error may.
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after") or ""
    if (seconds := _number(value)) is not None:
        return seconds
    with suppress(ValueError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    if (found := _IN_A_BODY.search(body, 0, _MOST_READ)) is None:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(found[1]))


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except (TypeError, ValueError):
        return None
    return max(0.0, number) if math.isfinite(number) else None
