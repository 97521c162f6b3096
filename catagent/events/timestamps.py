"""The `ts` of an event, to and from a time; what is none is None, for recordings are only data."""

from datetime import UTC, datetime
from typing import Literal


def stamp(when: datetime, precision: Literal["seconds", "microseconds"] = "microseconds") -> str:
    """The time as a `ts` is written: RFC 3339, in UTC."""
    return when.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def moment(ts: str) -> datetime | None:
    """The time, as it was here."""
    try:
        return datetime.fromisoformat(ts).astimezone()
    except (ValueError, OverflowError):
        return None


def epoch(ts: str) -> float | None:
    """Seconds since 1970."""
    time = moment(ts)
    return None if time is None else time.timestamp()
