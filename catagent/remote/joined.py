"""A run that another client started, in other stream modes than `events`, as far as those tell it.

What is told of nodes, models and the state becomes the callbacks that the agent had there.
"""

from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from catagent.errors import AgentError
from catagent.events import types as ev
from catagent.remote.failures import Failures, pause_of
from catagent.remote.nodes import Nodes
from catagent.remote.objects import Json, restored
from catagent.remote.running import Ended
from catagent.sources.base import AgentRun
from catagent.sources.callbacks import Callbacks
from catagent.sources.kinds import is_message
from catagent.sources.nodes import items_of

_SILENT = frozenset({"metadata", "end", "feedback", "checkpoints", "tasks", "debug"})
_UNTOLD = (
    "This run was started in other stream modes than `events`: what its models are sent and when "
    "its tools run is not told, and of all else what its modes tell."
)
_NO_END = "The server does not say how it ended."


class Joined:
    """Reads the parts of one run: `begin`, `read` each, `finish`.

    With `is_late` its first parts are missing: then what a model has half written is not its fault.
    """

    def __init__(self, run: AgentRun, run_id: str, name: str, *, is_late: bool = False) -> None:
        self._root, self._name = run_id, name
        self.had, self.failures = Callbacks(run), Failures()
        self._error: BaseException | None = None
        self._modes, self._warned = set[str](), set[str]()
        self._nodes = Nodes(self.had, run_id, is_late=is_late)
        self._about: dict[str, Json] = {}
        self._seen: set[Any] | None = None
        self._values: Any = None
        self._asked: dict[str, Any] = {}

    def begin(self, given: Any) -> Iterator[ev.Event]:
        """The run began, with this input as far as it is known."""
        yield from self.had.start("chain", self._root, restored(given), name=self._name)

    def read(self, event: str, data: Any) -> Iterator[ev.Event]:
        """What one part says."""
        mode, _, ns = event.partition("|")
        self._modes.add(mode)
        yield from self.had.told(f"A part {mode!r}", self._part(mode, ns, data))

    def _warn(self, about: str, words: str, code: str = "unread_record") -> Iterator[ev.Event]:
        if about not in self._warned:
            self._warned.add(about)
            yield ev.Warned(data=ev.WarningData(code=code, message=words))

    def _part(self, mode: str, ns: str, data: Any) -> Iterator[ev.Event]:
        if mode not in (*_SILENT, "error"):
            yield from self._warn("", _UNTOLD, "untold")
        match mode, data:
            case "messages" | "messages/metadata" | "messages/partial" | "messages/complete", _:
                yield from self._told(mode, data)
            case "values" | "updates", dict():
                yield from (self._state if mode == "values" else self._updates)(ns, data)
            case "custom", _:
                node = self._nodes.known.get(ns)
                self.had.tracker.on_write(node.run_id if node else self._root, data)
            case "error", _:
                self._error = self.failures.of(data)
            case _ if mode not in _SILENT:
                yield from self._warn(mode, f"Parts {mode!r} of this form are not read.")

    def _told(self, mode: str, data: Any) -> Iterator[ev.Event]:
        """What a part says of messages, in the form of `messages-tuple` or of `messages`."""
        match data:
            case [dict(fields), dict(about)] if mode == "messages":
                yield from self._nodes.message(fields, about)
            case [dict(fields)]:
                about = self._about.get(str(fields.get("id"))) or {}
                yield from self._nodes.message(fields, about, is_partial=mode == "messages/partial")
            case dict() if mode == "messages/metadata":
                self._about |= {key: dict(each["metadata"]) for key, each in data.items()}
            case _:
                yield from self._warn(mode, f"Parts {mode!r} of this form are not read.")

    def _updates(self, ns: str, data: Json) -> Iterator[ev.Event]:
        """Nodes of the graph of this namespace ended with these outputs, or ask a person."""
        for name, output in data.items():
            if name == "__interrupt__":
                self._pause(output)
            if name.startswith("__"):
                continue
            like = (each for each in self._nodes.within(ns) if each.name == name)
            if (node := next(like, None)) is None:
                task = uuid5(NAMESPACE_OID, f"{self._root}|{ns}|{name}|{len(self._nodes.known)}")
                inner = f"{ns}|{name}:{task}".removeprefix("|")
                yield from self._nodes.enter(inner)
                node = self._nodes.known[inner]
            yield from self._nodes.leave(node, restored(output))

    def _state(self, ns: str, data: Json) -> Iterator[ev.Event]:
        """The state of the graph of this namespace, after whatever ran in it."""
        if "__interrupt__" in data:
            self._pause(data["__interrupt__"])
            if len(data) == 1:
                return
        state = restored({key: value for key, value in data.items() if key != "__interrupt__"})
        told = [each for value in state.values() for each in items_of(value) if is_message(each)]
        if self._seen is None:  # what was there before
            self._seen = set()
            self.had.tracker.nodes.begin(state)
        elif "updates" not in self._modes:
            yield from self._after(ns, [each for each in told if each.id not in self._seen])
        self._seen |= {each.id for each in told}
        self._values = self._values if ns else state

    def _after(self, level: str, new: list[Any]) -> Iterator[ev.Event]:
        """Whatever ran in this graph has ended, and added these messages: who did may be told."""
        for node in self._nodes.within(level):
            theirs = {each.id for each in node.said}
            node.said = [each for each in new if each.id in theirs]
            new = [each for each in new if each.id not in theirs]
            yield from self._nodes.leave(node)
        yield from self._nodes.facts(new, self._root)

    def _pause(self, asked: Any) -> None:
        """It waits for a person; which node asks is not told."""
        if asked == []:  # compiled to stop before or after a node
            self.had.translation.chunks.stopped = []
        self._asked |= {each.id: each for each in map(pause_of, asked)}

    def settle(self, end: Ended) -> None:
        """Take in what the server says of the end, beside its stream."""
        error, values = self.failures.at(end), end.state.values
        self._values = restored(values) if isinstance(values, dict) else self._values
        self._pause(end.state.interrupts or ())
        if end.status != "success" and not self._asked:
            self._error = self._error or error

    def finish(self) -> Iterator[ev.Event]:
        """The answer, and what is left to say. Raises what ended the run."""
        waits = self.failures.waiting(()) if self._asked else None
        left = AgentError(_NO_END) if self._error else waits
        yield from self.had.told("The end", self._nodes.leave_all("", error=left))
        self.had.tracker.pause(self._root, self._asked.values())
        if self._error is not None:
            yield from self.had.fail(self._root, self._error)
        else:
            yield from self.had.end(self._root, self._values or {})
        try:
            yield from self.had.finish()
        except AgentError:  # another's run may well come to nothing
            if self.had.raised is not None:
                raise
