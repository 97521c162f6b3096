"""Keys of tool calls for recordings made before events had them.

The one place that still has to guess which call an event is about, from what there is: the runs
around it, the id that the provider gave, the tool's name, the order. Total: whatever stands in a
recording, every call gets a key of its own, and none is given twice.
"""

import os
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from catagent.events import types as ev

# Calls of one id, or of one tool, that may still be waited for; more are no agent's.
_MOST = 128


@dataclass(slots=True, eq=False)
class _Call:
    """One tool call: where its model ran (`parents`), and which events were `heard` of it.

    `message` is the number of the first call that the same model wrote at once with it.
    """

    key: str
    number: int
    message: int
    model: str
    tool: str
    call_id: str | None
    parents: list[str]
    heard: set[type] = field(default_factory=set)
    failed: bool = False

    @property
    def outer(self) -> str | None:
        return ev.outer_call(self.key)

    def fits(self, event: ev.CallEvent) -> bool:
        """Whether the event can be the next that is heard of it."""
        match event:
            case ev.Action():  # in log mode it may come after its tool has started
                return ev.Action not in self.heard
            case ev.ToolStarted(data=data) if self.failed:  # it may be tried again
                return bool(data.tool_call_id) and self.tool == data.tool
            case ev.ToolStarted() | ev.ToolFinished():
                return self.heard <= {ev.Action}
        return True

    def distance(self, event: ev.KnownEvent) -> tuple[bool, int, int, int]:
        """How far from the event it was written: another model, runs between, how long ago."""
        paths = [event.parent_ids, self.parents]
        shared = len(os.path.commonprefix(paths))  # noqa: RUF071 - of any two lists
        between = sum(map(len, paths)) - 2 * shared
        return self.model != event.run_id, between, -self.message, self.number

    def goes_on(self, event: ev.CallEvent) -> None:
        """Take note of what is heard of it."""
        self.heard.add(type(event))
        if isinstance(event, ev.ToolStarted | ev.ToolFinished):
            self.failed = isinstance(event, ev.ToolFinished) and event.data.status == "error"


class CallKeys:
    """Gives the events of one run their keys. Call it with each of them, in order."""

    def __init__(self) -> None:
        self._made: Counter[str | None] = Counter()
        self._number = 0
        self._messages: dict[str, int] = {}
        self._runs: dict[str, _Call] = {}
        self._streamed: dict[str, dict[int, _Call]] = {}
        # Those that were not observed yet: with an id, by that, and all by the name of the tool.
        self._ids: defaultdict[str, dict[int, _Call]] = defaultdict(dict)
        self._tools: defaultdict[str, dict[int, _Call]] = defaultdict(dict)

    def __call__(self, event: ev.Event) -> None:
        """Set the keys of this event."""
        match event:
            case ev.Unknown():
                pass
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                event.call = self._call(event).key
            case _:
                event.call = self._around(event, [*event.parent_ids, event.run_id])
                if isinstance(event, ev.LlmToken) and event.data.channel == "tool_args":
                    self._piece(event)
                elif isinstance(event, ev.LlmFinished) and event.data.tool_calls:
                    self._written(event)

    def _around(self, event: ev.KnownEvent, runs: list[str], *, by_id: bool = True) -> str | None:
        """The innermost call around an event, which in mode `steps` only its id can say."""
        found = next((self._runs[run] for run in reversed(runs) if run in self._runs), None)
        if found is None and by_id and event.tool_call_id:
            waiting = self._ids[event.tool_call_id].values()
            inside = [call for call in waiting if len(event.parent_ids) > len(call.parents)]
            found = _nearest(event, inside or waiting)
        return None if found is None else found.key

    # What models write

    def _piece(self, event: ev.LlmToken) -> None:
        """The first piece of a call says which one it is."""
        data, calls = event.data, self._streamed.setdefault(event.run_id, {})
        index = data.index if isinstance(data.index, int) else 0
        if index not in calls:
            calls[index] = self._make(event, data.tool or "", data.call_id or None, event.call)
            data.call = calls[index].key

    def _written(self, event: ev.LlmFinished) -> None:
        left: defaultdict[tuple[str | None, str], deque[_Call]] = defaultdict(deque)
        for call in self._streamed.pop(event.run_id, {}).values():
            left[call.call_id, call.tool].append(call)
        for written in event.data.tool_calls:
            same = left[written.id or None, written.name]
            new = None if same else self._make(event, written.name, written.id, event.call)
            written.call = (new or same.popleft()).key

    # What becomes of a call

    def _call(self, event: ev.CallEvent) -> _Call:
        # The id in an event about a tool's run is the tool's own, and not of what is around it.
        outer = self._around(event, event.parent_ids, by_id=isinstance(event, ev.Action))
        call = self._known(event) or self._waiting(event, outer)
        if call is None:
            call = self._make(event, event.data.tool, event.data.tool_call_id, outer)
        call.goes_on(event)
        if isinstance(event, ev.Observation):
            self._ids[call.call_id or ""].pop(call.number, None)
            self._tools[call.tool].pop(call.number, None)
        if event.run_id and not isinstance(event, ev.Action):
            self._runs.setdefault(event.run_id, call)
        return call

    def _known(self, event: ev.CallEvent) -> _Call | None:
        """The call that its tool's run is known of; an observation may name another's run."""
        found = None if isinstance(event, ev.Action) else self._runs.get(event.run_id)
        if found is None or not isinstance(event, ev.Observation):
            return found
        is_its_own = event.data.tool in ("", found.tool) or ev.Observation not in found.heard
        return found if is_its_own else None

    def _waiting(self, event: ev.CallEvent, outer: str | None) -> _Call | None:
        """The nearest call that has not come so far yet."""
        call_id, tool = event.data.tool_call_id, event.data.tool
        same = [c for c in self._ids[call_id].values() if c.fits(event)] if call_id else []
        if not same:
            named = (c for c in self._tools[tool].values() if not (call_id and c.call_id))
            same = [c for c in named if c.outer == outer and c.fits(event)]
        here = [call for call in same if outer in (None, call.outer)] or same
        return _nearest(event, [call for call in here if call.tool == tool] or here)

    def _make(
        self, event: ev.KnownEvent, tool: str, call_id: str | None, outer: str | None
    ) -> _Call:
        if outer is not None and outer.count(".") >= ev.DEEPEST_CALL:
            outer = ev.outer_call(outer)
        self._made[outer] += 1
        key = f"{outer}.{self._made[outer]}" if outer else str(self._made[outer])
        number = self._number = self._number + 1
        message = self._messages.setdefault(event.run_id, number)
        model, parents = event.run_id, event.parent_ids
        call = _Call(key, number, message, model, tool, call_id or None, parents)
        for waiting in (self._ids[call_id or ""], self._tools[tool]):
            waiting[number] = call
            if len(waiting) > _MOST:
                del waiting[next(iter(waiting))]
        return call


def _nearest(event: ev.KnownEvent, calls: Iterable[_Call]) -> _Call | None:
    return min(calls, key=lambda call: call.distance(event), default=None)
