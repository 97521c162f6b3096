"""All that is known of the runs of a stream, as of any event of it; made one event at a time."""

from array import array
from bisect import bisect_left
from collections.abc import Container, Iterator

from catagent.events import types as ev
from catagent.events.summary import has_failed
from catagent.events.timestamps import epoch
from catagent.inspect.span import Span, Status, by_first
from catagent.inspect.spool import Spool
from catagent.inspect.tree import Tree, is_step
from catagent.redact import shortened
from catagent.views.format import arguments, one_line, speaker

_UNNAMED, _HIDDEN = "LangGraph", "langsmith:hidden"
_SAID = (
    ev.LlmStarted, ev.LlmFinished, ev.Action, ev.Observation, ev.Answer, ev.Update, ev.Interrupt,
    ev.RunFinished,
)  # fmt: skip
_LONGEST = 200  # characters, of what is said about a span
_PHASES: dict[ev.Phase, Status] = {"end": "success", "error": "error", "interrupt": "interrupted"}


class Index:
    """Give it each event once, in order, with `take`.

    `whole` are the positions of all events but tokens, `said`, by run, of those that may have
    messages, or a question.
    """

    def __init__(self) -> None:
        self.spool, self.whole = Spool(), array("I")
        self.tree, self._owners = Tree(), array("I")
        self.said: dict[str, array[int]] = {}
        self._models: dict[tuple[str, str], Span] = {}  # each one's latest call
        self._ends = array("I")  # of models
        self._used: tuple[object, dict[Span | None, tuple[int, int]]] = (None, {})
        self.roots = self.tree.roots

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._owners)

    @property
    def errors(self) -> list[int]:
        """The positions of what went wrong, each failure once, where it was raised, in order."""
        failed = (span.failed_at() for span in self.spans_at(len(self)))
        return sorted({position for found in failed for position in found})

    def take(self, event: ev.Event) -> int:
        """Take the next event, and return its position."""
        position = self.spool.append(event)
        span = self.tree.runs.get(event.run_id) if isinstance(event, ev.LlmToken) else None
        if span is None or span.tokens_from is None:
            self.tree.now = position, epoch(event.ts)
            span = self._about(event)
            self._read(event, span)
        if not isinstance(event, ev.LlmToken):
            self.whole.append(position)
            span.told.append(position)
        if isinstance(event, _SAID):
            self.said.setdefault(span.root, array("I")).append(position)
        span.positions.append(position)
        self._owners.append(span.id)
        return position

    def clock(self, at: int) -> float | None:
        """When the newest of the events that were seen happened, in seconds since 1970."""
        return epoch(self.spool[at - 1].ts) if at else None

    def span_at(self, position: int) -> Span:
        """What an event is about, or what is shown around that."""
        span = self.tree.spans[self._owners[position]]
        return span if span.kind else self.tree.home(span) or self.roots[0]

    def used(self, span: Span, at: int) -> ev.Usage:
        """The tokens of a model, or of all models below another; None where none of them said."""
        key = (self.tree.version, bisect_left(self._ends, at))
        if self._used[0] != key:
            self._used = key, self._add_up(at)
        sent, came = self._used[1].get(span, (0, 0))
        return ev.Usage(input_tokens=sent or None, output_tokens=came or None)

    def _add_up(self, at: int) -> dict[Span | None, tuple[int, int]]:
        sums: dict[Span | None, tuple[int, int]] = {}
        for span in reversed([*self.spans_at(at)]):  # what is inside of it comes before it
            sent, came = sums.get(span, (0, 0))
            if span.usage and span.finished is not None and span.finished < at:
                sent += span.usage.input_tokens or 0
                came += span.usage.output_tokens or 0
            if sent or came:
                before = sums.get(span.parent, (0, 0))
                sums[span], sums[span.parent] = (sent, came), (before[0] + sent, before[1] + came)
        return sums

    def spans_at(self, at: int, folded: Container[Span] = ()) -> Iterator[Span]:
        """All that had begun, each before what is below it, unless it is `folded`."""
        waiting = self.roots[: bisect_left(self.roots, at, key=by_first)][::-1]
        while waiting:
            yield (span := waiting.pop())
            if span not in folded:
                waiting += reversed(span.shown(at))

    def _read(self, event: ev.Event, span: Span) -> None:
        match event:
            case ev.LlmStarted() | ev.LlmToken() | ev.LlmFinished():
                self._model(event, span)
            case ev.ToolFinished() | ev.Observation():
                self._tool(event.data, span)
            case ev.Update() | ev.Interrupt():
                self._node(event, span)
            case ev.Node():
                self._ran(event, span)
            case ev.RunFinished(data=data):
                self._finish(data, span)
        if isinstance(event, ev.Action | ev.ToolStarted):
            span.about = shortened(arguments(event.data.tool_input), _LONGEST)

    def _about(self, event: ev.Event) -> Span:
        tree, root = self.tree, ev.run_of(event) or (self.roots[-1].root if self.roots else "")
        match event:
            case ev.Unknown(fields=fields):
                return tree.runs.get(str(fields.get("run_id"))) or tree.run(root, [])
            case ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                return tree.called(event, root)
        span = tree.run(event.run_id or root, event.parent_ids)
        if isinstance(event, ev.Action):
            return tree.decided(ev.call_of(event), event.data.tool, span)
        if isinstance(event, ev.RunStarted):
            span.name, span.about = event.name, shortened(one_line(event.data.input), _LONGEST)
        return span

    def _model(self, event: ev.LlmEvent, span: Span) -> None:
        self.tree.show(span, "model", speaker(event) or "model", event.call)
        position, when = self.tree.now
        if isinstance(event, ev.LlmToken):
            span.tokens_from, span.token_time = position, when
        elif isinstance(event, ev.LlmFinished):
            data = event.data
            span.came(position, when, data)
            self._ends.append(position)
            self._models[span.root, data.model] = span
            self._end(span, _status(data.error))
            for call in data.tool_calls:
                if isinstance(call.call, str):
                    self.tree.decided(call.call, call.name, span)

    def _tool(self, data: ev.ToolFinishedData | ev.ObservationData, span: Span) -> None:
        span.lasted(getattr(data, "duration_s", None), self.tree.now[1])
        if span.turns[-1][1] != "cancelled":
            is_bad = data.status == "error" and not has_failed(data)
            self._end(span, "cancelled" if is_bad else data.status)

    def _node(self, event: ev.Update | ev.Interrupt, span: Span) -> None:
        if _HIDDEN not in event.tags:
            self._show_node(event, span)
        if isinstance(event, ev.Interrupt):
            self._end(span, "interrupted")
        elif span.turns[-1][1] == "running":
            span.lasted(event.data.duration_s or None, self.tree.now[1])
            self._end(span, "success")

    def _ran(self, event: ev.Node, span: Span) -> None:
        """What else ran: nodes, agents and retrievers are shown, and the names of others kept."""
        data = event.data
        if data.kind == "custom":
            return
        if _HIDDEN not in event.tags and any(map(is_step, event.tags)):
            self._show_node(event, span)
        elif data.kind == "retriever":
            self.tree.show(span, "retriever", event.name, event.call)
        elif event.name == "AgentExecutor":
            self.tree.show(span, "agent", event.name, event.call)
        span.name = span.name or event.name
        if data.phase in _PHASES and span.kind != "run":
            self._end(span, _PHASES[data.phase])

    def _show_node(self, event: ev.Node | ev.Update | ev.Interrupt, span: Span) -> None:
        """Show a node, and the agent that it is of, unless that is called as what it is in."""
        above = span.above
        if not span.kind and above is not None and not above.kind:
            agent = getattr(event.data, "agent", None) or above.name
            around = self.tree.home(above)
            if agent not in ("", _UNNAMED, around.name if around else ""):
                self.tree.show(above, "agent", agent, event.call)
        self.tree.show(span, "node", event.name, event.call)

    def _finish(self, data: ev.RunFinishedData, span: Span) -> None:
        for each in [*reversed(self.tree.open.pop(span.root, {})), span]:
            each.turn(self.tree.now, data.status)
        span.cost = data.cost
        for used in data.models:
            if used.calls == 1 and (model := self._models.get((span.root, used.model))):
                model.cost = used.cost

    def _end(self, span: Span, status: Status) -> None:
        span.turn(self.tree.now, status)
        self.tree.open.get(span.root, {}).pop(span, None)


def _status(error: ev.ErrorInfo | None) -> Status:
    if error is None:
        return "success"
    if error.type in ("StepLimitError", "BudgetError"):
        return "limit"
    return "cancelled" if error.kind == "user" or error.type == "Cancelled" else "error"
