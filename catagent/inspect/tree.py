"""Where each part of a run stands: below what it ran in, as runs and the keys of calls say.

Total: whatever comes in whatever order has a place. What LangChain runs between agents, nodes,
models and tools is not shown: what ran in that stands below what is shown around it.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from catagent.events import types as ev
from catagent.inspect.span import Kind, Span, by_first


class Tree:
    """The spans of all runs of a stream; `version` grows when it is another.

    `now` is the position of the event that is read, and when it happened.
    """

    def __init__(self) -> None:
        self.roots, self.spans, self.version = list[Span](), list[Span](), 0
        self.now: tuple[int, float | None] = 0, None
        # What runs still, by the run that it belongs to.
        self.open: dict[str, dict[Span, None]] = {}
        self.runs: dict[str, Span] = {}
        self._calls: dict[tuple[str, str], Span] = {}

    def run(self, run_id: str, parents: Sequence[str]) -> Span:
        """One of LangChain's runs, which may be known by what ran in it alone."""
        if run_id in self.runs:
            return self.runs[run_id]
        above = self.runs.get(parents[-1]) if parents else None
        for parent in parents if above is None else ():
            above = self.runs.get(parent) or self._new_run(parent, above)
        return self._new_run(run_id, above)

    def decided(self, key: str, name: str, model: Span) -> Span:
        """A tool call that a model wrote, by its key; it has not begun if it is new."""
        return self._calls.get((model.root, key)) or self._new_call(key, name, model)

    def called(self, event: ev.CallEvent, root: str) -> Span:
        """A tool call that has begun."""
        known, parents = self.runs.get(event.run_id), event.parent_ids or [root]
        above = self.run(parents[-1], parents[:-1])
        span = self.decided(ev.call_of(event), event.data.tool, above)
        self._begin(span, above)
        if known is None:
            self.runs[event.run_id] = span
        elif not known.kind and known.above is above and span not in _around(above):
            known.above = span  # what ran in it came before it
            self._settle(span.parent, known.first)
        return span

    def show(self, span: Span, kind: Kind, name: str, inside: str | None) -> None:
        """Show it from now on, with what has happened inside of it so far."""
        if span.kind:
            return
        span.kind, span.name, span.inside = kind, name, inside
        tool = self._calls.get((span.root, inside or ""))
        if tool is not None and tool is not span and tool.is_decided:
            self._begin(tool, next((each for each in _around(span) if each.kind), tool))
        self._place(span)
        self._settle(span.parent, span.first)

    def home(self, span: Span) -> Span | None:
        """What it is shown below: the nearest around it, or the call that its event names."""
        around, tool = next((each for each in _around(span) if each.kind), None), None
        if span.inside and around and (around.key or around.inside) != span.inside:
            tool = self._calls.get((span.root, span.inside))
        for each in (tool, around):
            if each is not None and each is not span and not each.is_below(span):
                return each
        return None if span.above is None else self.runs[span.root]

    def _new_run(self, run_id: str, above: Span | None) -> Span:
        span = self._new(above, run_id if above is None else above.root)
        self.runs[run_id] = span
        self._start(span)
        if above is None:
            self.show(span, "run", "", None)
        return span

    def _new_call(self, key: str, name: str, above: Span) -> Span:
        span = self._calls[above.root, key] = self._new(above, above.root)
        span.key = key
        span.turn(self.now, "decided")
        self.show(span, "tool", name, ev.outer_call(key))
        return span

    def _new(self, above: Span | None, root: str) -> Span:
        span = Span(len(self.spans), above, root, *self.now)
        self.spans.append(span)
        return span

    def _start(self, span: Span) -> None:
        span.turn(self.now, "running")
        self.open.setdefault(span.root, {})[span] = None

    def _begin(self, span: Span, above: Span) -> None:
        """A call that was decided on has begun: from now on it stands where it runs."""
        begins = span.is_decided
        moves = span.above is not above and span not in (above, *_around(above))
        if begins:
            self._start(span)
            span.began = self.now[1]
        if moves:
            span.above = above
        if begins or moves:
            self._place(span, self.now[0] if begins else span.first)

    def _settle(self, parent: Span | None, since: int) -> None:
        """What is inside of what is shown now has stood below what is around that."""
        children = parent.children if parent else []
        for child in children[bisect_left(children, since, key=by_first) :]:
            if self.home(child) is not parent:
                self._place(child)

    def _place(self, span: Span, first: int | None = None) -> None:
        span.move(self.home(span), self.roots, first)
        self.version += 1


def is_step(tag: str) -> bool:
    """Whether LangGraph gives this tag to the nodes of a graph."""
    return tag.startswith("graph:step:")


def _around(span: Span) -> Iterator[Span]:
    """What it ran in, from the inside, shown or not."""
    while span.above is not None:
        yield (span := span.above)
