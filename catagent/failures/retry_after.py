"""How long a server asks to be left alone, and how long that is taken for an answer."""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping

# A longer wait than this is not waited for, but reported to the person.
MAX_RETRY_AFTER_S = 60.0


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` (a number or a date) asks for; None without.

    `now` is the time of day, in seconds since the epoch.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except (TypeError, ValueError):
        return None
    return max(0.0, number) if math.isfinite(number) else None
