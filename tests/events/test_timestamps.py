"""Times of events, as data from anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from catagent.events.timestamps import epoch, moment, stamp


def test_a_timestamp_is_written_in_utc_as_it_is_read() -> None:
    noon = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
    assert stamp(noon) == "2026-11-22T12:00:00.000000Z"
    assert stamp(noon.astimezone(timezone(timedelta(hours=2))), "seconds") == "2026-11-22T12:00:00Z"
    assert moment(stamp(noon)) == noon


def test_a_timestamp_is_read_with_its_zone() -> None:
    assert epoch("1970-01-01T00:00:01.500000Z") == 1.5
    assert epoch("1970-01-01T01:00:00+01:00") == 0
    when = moment("1970-01-01T00:00:01Z")
    assert when is not None
    assert when.timestamp() == 1


@pytest.mark.parametrize(
    "ts", ["", "soon", "2026-13-01T00:00:00Z", "9" * 30, "0001-01-01T00:00:00"]
)
def test_a_bad_timestamp_is_no_error(ts: str) -> None:
    assert epoch(ts) is None or isinstance(epoch(ts), float)
    moment(ts)
