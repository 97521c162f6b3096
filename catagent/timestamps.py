"""The `ts` of an event as a time; what is none is told as None, for recordings are only data."""

from __future__ import annotations

from datetime import datetime


def moment(ts: str) -> datetime | None:
    """The time, as it was here."""
    try:
        return datetime.fromisoformat(ts).astimezone()
    except (ValueError, OverflowError):
        return None


def epoch(ts: str) -> float | None:
    """Seconds since 1970."""
    try:
        return datetime.fromisoformat(ts).timestamp()
    except (ValueError, OverflowError):
        return None
