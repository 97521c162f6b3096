"""What is to be said of a part of a run, as it was: sections of lines, cleaned, not wrapped."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from catagent.errors import CatagentError
from catagent.events import types as ev
from catagent.events.prompts import Prompts
from catagent.inspect.span import Span
from catagent.inspect.spans import Index
from catagent.inspect.stream import Stream
from catagent.inspect.telling import Title, tell, whole
from catagent.views.nodes import Nodes
from catagent.views.style import Look, Style

Line = tuple[Style, str]
_Block = tuple[Title, Style, tuple[str, ...]]
_TITLES: tuple[Title, ...] = ("error", "sent", "came", "changed", "state")

# The state of a kept thread, by its id, at a time in seconds since 1970, as plain data or None.
Kept = Callable[[str, float], Any]


@dataclass(slots=True)
class Section:
    """Lines under a title: error, sent, came, changed, state or raw; some when looked at alone."""

    title: Title
    made: Sequence[Line] | Callable[[], Sequence[Line]]

    @property
    def lines(self) -> Sequence[Line]:
        """What it has to say; a state that a thread keeps is read now, which takes a second."""
        self.made = self.made() if callable(self.made) else self.made
        return self.made


class Details:
    """Tells of the parts of runs; asked again of the same, it reads what is new alone.

    `kept` has the states of threads, for a run of which the stream has none yet.
    """

    def __init__(self, index: Index, look: Look, kept: Kept | None = None) -> None:
        self._index, self._look, self._kept = index, look, kept
        self._known, self._root, self._read = Prompts(), "", 0
        self._begin(None)

    def of(self, span: Span, at: int) -> list[Section]:
        """The sections of a span when this many events were seen."""
        if span is not self._span:
            self._begin(span)
        found: dict[Title, list[Line]] = {title: [] for title in _TITLES}
        positions = _told(span, at)
        blocks = [block for each in positions for block in self._told(span, each)]
        # What a model decided, a tool is called with; what that returned, the agent observes.
        for title, style, lines in dict.fromkeys(blocks) if span.kind == "tool" else blocks:
            found[title] += [(style, line) for line in lines]
        if self._stream and (span.finished is None or at <= span.finished):
            found["came"] += self._stream.lines(at)
        if span.children:
            for title, line in self._below(span, at):
                found[title].append(line)
        state = [] if found["state"] else self._kept_state(span, at)
        raw = Section("raw", partial(self._raw, positions))
        return [*(Section(title, lines) for title, lines in found.items() if lines), *state, raw]

    def _raw(self, positions: Iterable[int]) -> list[Line]:
        """Events as indented JSON."""
        texts = (msgspec.json.format(self._index.spool.line(each)) for each in positions)
        return [("plain", line) for text in texts for line in self._cleaned(text.decode())]

    def _kept_state(self, span: Span, at: int) -> list[Section]:
        """The state of a run by then, where its thread may be kept."""
        event = self._index.spool[span.first] if span.kind == "run" and self._kept else None
        if not isinstance(event, ev.RunStarted) or event.data.thread_id is None:
            return []
        thread, moment, kept = event.data.thread_id, self._index.clock(at), self._kept

        def read() -> Sequence[Line]:
            try:
                state = kept(thread, moment) if kept and moment is not None else None
            except CatagentError as error:
                return [("bad", self._look.line(error.message))]
            if state is None:
                return [("dim", "nothing of it is kept here: an agent's own checkpointer has it")]
            return [("plain", line) for line in self._cleaned(whole(self._look, state))]

        return [Section("state", read)]

    def _begin(self, span: Span | None) -> None:
        self._span, self._blocks = span, dict[int, list[_Block]]()
        self._changes, self._seen = list[tuple[int, Title, Line]](), 0
        is_model = span is not None and span.kind == "model"
        self._stream = Stream(self._index.spool, span, self._look) if span and is_model else None

    def _told(self, span: Span, position: int) -> list[_Block]:
        """What an event says, read once."""
        if position not in self._blocks:
            event = self._event(span.root, position)
            texts = tell(self._look, event, self._known, span.key)
            self._blocks[position] = [
                (title, style, tuple(self._cleaned(text))) for title, style, text in texts if text
            ]
        return self._blocks[position]

    def _cleaned(self, text: str) -> list[str]:
        return self._look.text(text.replace("\r\n", "\n")).split("\n")

    def _event(self, root: str, position: int) -> ev.Event:
        """An event, after all before it that it may refer to."""
        event, said = self._index.spool[position], self._index.said.get(root, ())
        wanted = bisect_left(said, position)
        if root != self._root or wanted < self._read:
            self._known, self._root, self._read = Prompts(), root, 0
        for each in said[self._read : wanted]:
            self._known.take(self._index.spool[each])
        self._known.take(event)
        self._read = wanted + (wanted < len(said) and said[wanted] == position)
        return event

    def _below(self, span: Span, at: int) -> list[tuple[Title, Line]]:
        """What nodes below it changed, a line each, and what they ask a person."""
        said = self._index.said.get(span.root, array("I"))
        for position in said[self._seen : bisect_left(said, at)]:
            self._seen += 1
            node = self._index.span_at(position)
            event = self._index.spool[position] if node.is_below(span) else None
            if isinstance(event, ev.Update):
                lines = Nodes(verbose=True).line(event)
                self._changes += [
                    (position, "changed", ("plain", self._look.line(line))) for line in lines
                ]
            elif isinstance(event, ev.Interrupt):
                for title, style, texts in self._told(span, position):
                    self._changes += [(position, title, (style, text)) for text in texts]
        return [(title, line) for position, title, line in self._changes if position < at]


def _told(span: Span, at: int) -> Sequence[int]:
    """The events of a span that are read: all but its tokens, of which the newest alone is."""
    if not span.positions:
        return [span.first]
    seen, newest = span.told[: bisect_left(span.told, at)], span.events(at) - 1
    is_token = newest >= 0 and span.positions[newest] not in seen[-1:]
    return seen + span.positions[newest : newest + is_token]
