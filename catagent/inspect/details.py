"""What is to be said of a part of a run, as it was: sections of lines, cleaned, not wrapped."""

from collections.abc import Sequence
from dataclasses import dataclass

from catagent.inspect.span import Span
from catagent.inspect.spans import Index
from catagent.views.style import Look, Style

Line = tuple[Style, str]


@dataclass(slots=True)
class Section:
    """Lines under a title: error, sent, came, changed, state or raw."""

    title: str
    lines: Sequence[Line]


class Details:
    """Tells of one run's parts; asked again of the same, it reads what is new alone."""

    def __init__(self, index: Index, look: Look) -> None:
        self._index, self._look = index, look

    def of(self, span: Span, at: int) -> list[Section]:
        """The sections of a span when this many events were seen."""
        spool, count = self._index.spool, span.events(at)
        raw = [self._look.line(spool.line(each).decode()) for each in span.positions[:count]]
        return [Section("raw", [("plain", line) for line in raw])]
