"""Keys of tool calls for recordings made before events had them.

The one place that still has to guess which call an event is about, from what there is: the runs
around it, the id that the provider gave, the tool's name, the order. Total: whatever stands in a
recording, every call gets a key of its own, and none is given twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile

from catagent.events import types as ev

# Calls of one id, or of one tool, that may still be waited for; more are no agent's.
_MOST = 128


@dataclass(slots=True, eq=False)
class _Call:
    """One tool call: where its model ran (`parents`), and how far it has come.

    `message` is the number of the first call that the same model wrote at once with it.
    """

    key: str
    number: int
    message: int
    model: str
    tool: str
    call_id: str | None
    parents: list[str]
    decided: bool = False
    begun: bool = False
    failed: bool = False
    observed: bool = False

    @property
    def outer(self) -> str | None:
        return ev.outer_call(self.key)


_Waiting = defaultdict[str, dict[int, _Call]]


class CallKeys:
    """Gives the events of one run their keys. Call it with each of them, in order."""

    def __init__(self) -> None:
        self._made: Counter[str | None] = Counter()
        self._number = 0
        self._messages: dict[str, int] = {}
        self._runs: dict[str, _Call] = {}
        self._streamed: dict[str, dict[int, _Call]] = {}
        self._ids: _Waiting = defaultdict(dict)
        self._tools: _Waiting = defaultdict(dict)

    def __call__(self, event: ev.Event) -> None:
        """Set the keys of this event."""
        match event:
            case ev.Unknown():
                pass
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                event.call = self._call(event).key
            case _:
                event.call = self._around(event, [event.run_id, *reversed(event.parent_ids)])
                if isinstance(event, ev.LlmToken) and event.data.channel == "tool_args":
                    self._piece(event)
                elif isinstance(event, ev.LlmFinished) and event.data.tool_calls:
                    self._written(event)

    def _around(self, event: ev.KnownEvent, runs: Iterable[str]) -> str | None:
        """The innermost call around an event, which in mode `steps` only its id can say."""
        found = next((self._runs[run] for run in runs if run in self._runs), None)
        if found is None and event.tool_call_id:
            waiting = self._ids.get(event.tool_call_id, {}).values()
            inside = [call for call in waiting if len(event.parent_ids) > len(call.parents)]
            found = min(inside or waiting, key=_nearness(event), default=None)
        return None if found is None else found.key

    # What models write

    def _piece(self, event: ev.LlmToken) -> None:
        """The first piece of a call says which one it is."""
        data, calls = event.data, self._streamed.setdefault(event.run_id, {})
        index = data.index if isinstance(data.index, int) else 0
        if index not in calls:
            tool, call_id = data.tool or "", data.call_id or None
            calls[index] = self._make(event, tool, call_id, event.call)
            data.call = calls[index].key

    def _written(self, event: ev.LlmFinished) -> None:
        streamed = self._streamed.pop(event.run_id, {}).values()
        left: defaultdict[tuple[str | None, str], deque[_Call]] = defaultdict(deque)
        for call in streamed:
            left[call.call_id, call.tool].append(call)
        for written in event.data.tool_calls:
            same = left[written.id or None, written.name]
            found = same.popleft() if same else None
            found = found or self._make(event, written.name, written.id, event.call)
            written.call = found.key

    # What becomes of a call

    def _call(self, event: ev.CallEvent) -> _Call:
        found = self._known(event) or self._waiting(event)
        if found is None:
            outer = self._outer(event)
            found = self._make(event, event.data.tool, event.data.tool_call_id, outer)
        self._goes_on(found, event)
        return found

    def _known(self, event: ev.CallEvent) -> _Call | None:
        """The call that its tool's run is known of; an observation may name another's run."""
        found = None if isinstance(event, ev.Action) else self._runs.get(event.run_id)
        if found is None or not isinstance(event, ev.Observation):
            return found
        return found if event.data.tool in ("", found.tool) or not found.observed else None

    def _waiting(self, event: ev.CallEvent) -> _Call | None:
        """The nearest call that has not come so far yet."""
        outer, call_id, tool = self._outer(event), event.data.tool_call_id, event.data.tool
        same: list[_Call] = []
        if call_id:
            same = list(self._ids.get(call_id, {}).values())
        if not any(_fits(call, event) for call in same):
            named = self._tools.get(tool, {}).values()
            same = [c for c in named if c.outer == outer and not (call_id and c.call_id)]
        nearness = _nearness(event)
        return min(
            (call for call in same if _fits(call, event)),
            key=lambda call: (outer not in (None, call.outer), call.tool != tool, nearness(call)),
            default=None,
        )

    def _outer(self, event: ev.CallEvent) -> str | None:
        """The key of the call that this one is made inside of."""
        if isinstance(event, ev.Action):
            return self._around(event, reversed(event.parent_ids))
        around = (self._runs[run] for run in reversed(event.parent_ids) if run in self._runs)
        return next((call.key for call in around), None)

    def _goes_on(self, call: _Call, event: ev.CallEvent) -> None:
        match event:
            case ev.Action():
                call.decided = True
            case ev.ToolStarted():
                call.failed = False
            case ev.ToolFinished():
                call.failed = event.data.status == "error"
            case ev.Observation():
                call.observed = True
                self._ids[call.call_id or ""].pop(call.number, None)
                self._tools[call.tool].pop(call.number, None)
        if not isinstance(event, ev.Action):
            call.begun = True
            if event.run_id:
                self._runs.setdefault(event.run_id, call)

    def _make(
        self, event: ev.KnownEvent, tool: str, call_id: str | None, outer: str | None
    ) -> _Call:
        if outer is not None and outer.count(".") >= ev.DEEPEST_CALL:
            outer = ev.outer_call(outer)
        self._number += 1
        self._made[outer] += 1
        key = f"{outer}.{self._made[outer]}" if outer else str(self._made[outer])
        message = self._messages.setdefault(event.run_id, self._number)
        parents = event.parent_ids
        call = _Call(key, self._number, message, event.run_id, tool, call_id or None, parents)
        for waiting in (self._ids[call_id or ""], self._tools[tool]):
            waiting[call.number] = call
            if len(waiting) > _MOST:
                del waiting[next(iter(waiting))]
        return call


def _fits(call: _Call, event: ev.CallEvent) -> bool:
    """Whether the event can be the next that is heard of a call."""
    match event:
        case ev.Action():  # in log mode it may come after its tool has started
            return not call.decided
        case ev.ToolStarted():  # again, where it is tried again
            tried = call.failed and bool(event.data.tool_call_id) and call.tool == event.data.tool
            return not call.begun or tried
        case ev.ToolFinished():
            return not call.begun
    return True


def _nearness(event: ev.KnownEvent) -> Callable[[_Call], tuple[bool, int, int, int]]:
    """How near to the event a call was written: the same model, few runs between, lately."""
    parents = event.parent_ids

    def measure(call: _Call) -> tuple[bool, int, int, int]:
        pairs = zip(parents, call.parents, strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        between = len(parents) + len(call.parents) - 2 * shared
        return call.model != event.run_id, between, -call.message, call.number

    return measure
