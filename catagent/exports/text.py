"""A run as plain text: what `-o plain` shows, wrapped for reading."""

from collections.abc import Iterable, Iterator, Sequence

from catagent.events.types import Event
from catagent.views.options import ViewOptions
from catagent.views.sanitize import clean_line
from catagent.views.style import Look, plain_look
from catagent.views.transcript import Transcript

WIDTH = 100


def document(events: Sequence[Event], title: str | None = None) -> str:
    """Return the transcript, under its title if one is wanted."""
    heading = f"{clean_line(title)}\n\n" if title else ""
    rows = transcript_rows(events, plain_look(ViewOptions()), WIDTH)
    return heading + "".join(f"{row}\n" for row in rows)


def transcript_rows(events: Iterable[Event], look: Look, width: int | None) -> Iterator[str]:
    """Yield the rows of whole runs as a view shows them, as they become final."""
    transcript = Transcript(look)
    for event in events:
        transcript.update(event)
        yield from transcript.take(width)
    transcript.settle()
    yield from transcript.take(width)
