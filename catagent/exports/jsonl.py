"""A run as a recording of its own, for `replay`, `show` and whoever reads events."""

from collections.abc import Sequence

from catagent.events.codec import encode
from catagent.events.types import Event
from catagent.sinks.recorder import header


def recording(events: Sequence[Event], title: str | None = None) -> str:
    """Return the lines; there is no place for a title."""
    return b"".join([header(), *map(encode, events)]).decode()
