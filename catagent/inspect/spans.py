"""The tree of what ran: runs, agents, nodes, models, tools; made one event at a time.

Total: whatever comes in whatever order has a place. What LangChain runs between those, chains,
prompts and parsers, is not shown: what ran in it stands below what is shown around it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catagent.events import types as ev
from catagent.events.summary import has_failed
from catagent.events.timestamps import epoch
from catagent.inspect.span import Kind, Span, Status, by_first
from catagent.inspect.spool import Spool
from catagent.views.format import speaker

_UNNAMED, _HIDDEN, _STEP = "LangGraph", "langsmith:hidden", "graph:step:"
_LATEST = 16  # failures that a further one may be the same as
_PHASES: dict[ev.Phase, Status] = {
    "end": "success", "error": "error", "interrupt": "interrupted",
}  # fmt: skip


@dataclass(slots=True)
class Mark:
    """An event that is to be seen where it happened: a retry, warning, interrupt, custom event."""

    position: int
    span: Span
    type: str


class Index:
    """What there is of the runs of one stream. Give it each event once, with `take`.

    `version` grows when the tree is another. `whole` are the positions of all events but tokens.
    """

    def __init__(self) -> None:
        self.spool, self.roots, self.marks, self.version = Spool(), list[Span](), list[Mark](), 0
        self.spans, self.ends, self.whole = list[Span](), list[Span](), array("I")
        self._owners = array("I")
        self._runs: dict[str, Span] = {}
        self._calls: dict[tuple[str, str], Span] = {}
        self._open: dict[str, dict[Span, None]] = {}
        self._failures: dict[tuple[str, str], list[tuple[int, Span]]] = {}

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._owners)

    def take(self, event: ev.Event) -> int:
        """Take the next event, and return its position."""
        position = self.spool.append(event)
        span = self._runs.get(event.run_id) if isinstance(event, ev.LlmToken) else None
        if span is None or span.tokens_from is None:
            span = self._read(event, position)
        span.positions.append(position)
        self._owners.append(span.id)
        return position

    def clock(self, at: int) -> float | None:
        """When the newest of the events that were seen happened, in seconds since 1970."""
        return epoch(self.spool[at - 1].ts) if at else None

    def span_at(self, position: int) -> Span:
        """What is shown of what an event is about."""
        span: Span | None = self.spans[self._owners[position]]
        while span is not None and not span.kind:
            span = self._home(span)
        return span or self.roots[0]

    def spans_at(self, at: int) -> Iterator[Span]:
        """All that had begun, each before what is below it."""
        waiting = self.roots[bisect_left(self.roots, at, key=by_first) - 1 :: -1] if at else []
        while waiting:
            yield (span := waiting.pop())
            waiting += reversed(span.shown(at))

    @property
    def errors(self) -> Sequence[int]:
        """The positions of what went wrong, each where it was raised, in order."""
        return sorted(position for found in self._failures.values() for position, _ in found)

    # What an event says

    def _read(self, event: ev.Event, position: int) -> Span:
        when = epoch(event.ts)
        if not isinstance(event, ev.LlmToken):
            self.whole.append(position)
        span = self._about(event, position, when)
        match event:
            case ev.LlmStarted() | ev.LlmToken() | ev.LlmFinished():
                self._model(event, span, position, when)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                self._tool(event, span, position, when)
            case ev.Node() | ev.Update() | ev.Interrupt():
                self._node(event, span, position, when)
            case ev.RunFinished():
                self._finish(event, span, position, when)
            case ev.Retry() | ev.Warned():
                self.marks.append(Mark(position, span, event.type))
        return span

    def _finish(self, event: ev.RunFinished, span: Span, position: int, when: float | None) -> None:
        data = event.data
        for each in [*reversed(self._open.pop(span.root, {})), span]:
            each.turn(position, data.status, when)
        self.ends.append(span)
        if data.error and data.status != "cancelled":
            self._fail(span, position, data.error.message)

    def _model(self, event: ev.LlmEvent, span: Span, position: int, when: float | None) -> None:
        self._show(span, "model", speaker(event) or "model", event.call)
        if isinstance(event, ev.LlmToken):
            span.tokens_from, span.token_time = position, when
        elif isinstance(event, ev.LlmFinished):
            data = event.data
            span.finished, span.usage = position, data.usage
            span.lasted(data.duration_s, when)
            if span.token_time is None and data.ttft_s is not None and span.began is not None:
                span.token_time = span.began + data.ttft_s
            self.ends.append(span)
            self._end(span, position, _failed(data.error), when)
            if data.error and span.turns[-1][1] == "error":
                self._fail(span, position, data.error.message)
            for call in data.tool_calls:
                if isinstance(call.call, str):
                    self._call(call.call, call.name, span, position, when)

    def _tool(self, event: ev.CallEvent, span: Span, position: int, when: float | None) -> None:
        match event:
            case ev.ToolStarted():
                self._open.setdefault(span.root, {})[span] = None
                span.turn(position, "running", when)
            case ev.ToolFinished(data=data) | ev.Observation(data=data):
                before, status = span.turns[-1][1], _came_of(data)
                if isinstance(data, ev.ToolFinishedData):
                    span.lasted(data.duration_s, when)
                if before != "cancelled":
                    self._end(span, position, status, when)
                if status == "error" and before != status:
                    error = getattr(data, "error", None)
                    self._fail(span, position, error.message if error else data.output)

    def _node(
        self, event: ev.Node | ev.Update | ev.Interrupt, span: Span, position: int,
        when: float | None,
    ) -> None:  # fmt: skip
        data = event.data
        if isinstance(data, ev.NodeData) and data.kind == "custom":
            self.marks.append(Mark(position, span, event.type))
            return
        self._name(event, span)
        if isinstance(data, ev.InterruptData):
            self.marks.append(Mark(position, span, event.type))
            self._end(span, position, "interrupted", when)
        elif isinstance(data, ev.UpdateData):
            if span.turns[-1][1] == "running":
                span.lasted(data.duration_s or None, when)
                self._end(span, position, "success", when)
        elif data.phase in _PHASES and span.kind != "run":
            self._end(span, position, _PHASES[data.phase], when)
            self._fail(span, position, str(data.content) if data.phase == "error" else "")

    def _name(self, event: ev.Node | ev.Update | ev.Interrupt, span: Span) -> None:
        """Show a node, the agent that it is of, and what retrieves; keep the names of the rest."""
        if span.kind or _HIDDEN in event.tags:
            return
        if isinstance(event, ev.Update | ev.Interrupt) or any(map(_is_step, event.tags)):
            above = span.above
            whose = getattr(event.data, "agent", None) or (above.name if above else "")
            around = self._home(above) if above and not above.kind else None
            if above and around and whose not in ("", _UNNAMED, around.name):
                self._show(above, "agent", whose, event.call)
            self._show(span, "node", event.name, event.call)
        elif isinstance(event.data, ev.NodeData) and event.data.kind == "retriever":
            self._show(span, "retriever", event.name, event.call)
        elif event.name == "AgentExecutor":
            self._show(span, "agent", event.name, event.call)
        else:
            span.name = event.name

    def _end(self, span: Span, position: int, status: Status, when: float | None) -> None:
        span.turn(position, status, when)
        self._open.get(span.root, {}).pop(span, None)

    def _fail(self, span: Span, position: int, text: str) -> None:
        """An error that is raised through what is around it is one, of the innermost."""
        known = self._failures.setdefault((span.root, text), []) if text else []
        around = [each for each in known[-_LATEST:] if each[1] in _around(span)]
        for each in around:
            known.remove(each)
        if text and not any(span in _around(inner) for _, inner in known[-_LATEST:]):
            known.append((position, span))

    # Where it stands

    def _about(self, event: ev.Event, position: int, when: float | None) -> Span:
        root = ev.run_of(event) or (self.roots[-1].root if self.roots else "")
        match event:
            case ev.Unknown():
                run_id = str(event.fields.get("run_id") or "")
                return self._run(run_id if run_id in self._runs else root, [], position, when)
            case ev.Action():
                above = self._run(event.run_id or root, event.parent_ids, position, when)
                return self._call(ev.call_of(event), event.data.tool, above, position, when)
            case ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                return self._called(event, position, when)
        span = self._run(event.run_id or root, event.parent_ids, position, when)
        if isinstance(event, ev.RunStarted):
            span.name = event.data.agent
        return span

    def _run(self, run_id: str, parents: Sequence[str], position: int, when: float | None) -> Span:
        """The span of one of LangChain's runs, after those around it, which may not have come."""
        if run_id in self._runs:
            return self._runs[run_id]
        above = self._runs.get(parents[-1]) if parents else None
        if above is None:
            for parent in parents:
                known = self._runs.get(parent)
                above = known or self._new(parent, above, position, when)
        return self._new(run_id, above, position, when)

    def _new(self, run_id: str, above: Span | None, position: int, when: float | None) -> Span:
        root = run_id if above is None else above.root
        span = Span(len(self.spans), above, root, position, when)
        self.spans.append(span)
        span.turn(position, "running", when)
        self._open.setdefault(root, {})[span] = None
        self._runs[run_id] = span
        if above is None:
            self._show(span, "run", "", None)
        return span

    def _call(self, key: str, name: str, above: Span, position: int, when: float | None) -> Span:
        """The span of a tool call; one that is new was decided on and has not begun."""
        span = self._calls.get((above.root, key))
        if span is None:
            span = self._calls[above.root, key] = Span(
                len(self.spans), above, above.root, position, when, key=key
            )
            self.spans.append(span)
            span.turn(position, "decided", when)
            self._show(span, "tool", name, ev.outer_call(key))
        return span

    def _called(self, event: ev.CallEvent, position: int, when: float | None) -> Span:
        """The span of a tool call that has begun."""
        known = self._runs.get(event.run_id)
        parents = event.parent_ids
        above = self._run(parents[-1], parents[:-1], position, when) if parents else known
        above = above or self._run("", [], position, when)
        span = self._call(ev.call_of(event), event.data.tool, above, position, when)
        self._begin(span, above, position, when)
        if known is None and event.run_id:
            self._runs[event.run_id] = span
        elif (
            known is not None
            and known is not span
            and not known.kind
            and known.above is above
            and above not in _around(span)
        ):
            known.above = span
            self._settle(span.parent, known.first)
        return span

    def _begin(self, span: Span, above: Span, position: int, when: float | None) -> None:
        """A call that was decided on runs: from now on it stands where it does."""
        if span.turns[-1][1] == "decided":
            span.began = when
            span.turn(position, "running", when)
            self._open.setdefault(span.root, {})[span] = None
            self._place(span, first=position)
        if span.above is not above and span not in [above, *_lineage(above)]:
            span.above = above
            self._place(span)

    def _show(self, span: Span, kind: Kind, name: str, inside: str | None) -> None:
        if span.kind:
            span.name = span.name or name
            return
        span.kind, span.name, span.inside = kind, name, inside
        tool = self._calls.get((span.root, inside or ""))
        if tool is not None and tool is not span and tool.turns[-1][1] == "decided":
            around = self._home(span, by_call=False)
            self._begin(tool, around or tool, span.first, span.began)
        self._place(span)
        self._settle(span.parent, span.first)

    def _settle(self, parent: Span | None, since: int) -> None:
        """Something is shown now: what ran in it has stood below what is around it."""
        children = parent.children if parent else []
        for child in children[bisect_left(children, since, key=by_first) :]:
            if self._home(child) is not parent:
                self._place(child)

    def _place(self, span: Span, first: int | None = None) -> None:
        span.move(self._home(span), self.roots, first)
        self.version += 1

    def _home(self, span: Span, *, by_call: bool = True) -> Span | None:
        """What it is shown below: the nearest around it, or the call that its event names."""
        around = span.above
        while around is not None and not around.kind:
            around = around.above
        if by_call and span.inside and around and (around.key or around.inside) != span.inside:
            tool = self._calls.get((span.root, span.inside))
            if tool is not None and span not in [tool, *_around(tool)]:
                return tool
        return around


def _is_step(tag: str) -> bool:
    return tag.startswith(_STEP)


def _came_of(data: ev.ToolFinishedData | ev.ObservationData) -> Status:
    return "cancelled" if data.status == "error" and not has_failed(data) else data.status


def _failed(error: ev.ErrorInfo | None) -> Status:
    if error is None:
        return "success"
    return "cancelled" if error.kind == "user" or error.type == "Cancelled" else "error"


def _around(span: Span) -> Iterator[Span]:
    while span.parent is not None:
        yield (span := span.parent)


def _lineage(span: Span) -> Iterator[Span]:
    while span.above is not None:
        yield (span := span.above)
