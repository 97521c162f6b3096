"""What went wrong in runs, each failure once, where it was raised."""

from catagent.inspect.span import Span

_LATEST = 16  # of the same text, that a further one may be the same as


class Failures:
    """The failures of a stream: an error that is raised through what is around it is one."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], list[tuple[int, Span]]] = {}

    def add(self, span: Span, position: int, text: str) -> None:
        """Take note that a span failed, and of the words of the error."""
        known = self._known.setdefault((span.root, text), [])
        for each in known[-_LATEST:]:
            if span.is_below(each[1]):
                known.remove(each)
        if not any(inner.is_below(span) for _, inner in known[-_LATEST:]):
            known.append((position, span))

    def positions(self) -> list[int]:
        """Where they are, in order."""
        return sorted(position for found in self._known.values() for position, _ in found)
