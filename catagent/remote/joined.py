"""A run that another client started, in other stream modes than `events`, as far as those tell it.

What is told of nodes, models and the state becomes the callbacks that the agent had there.
"""

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from catagent.errors import AgentError
from catagent.events import types as ev
from catagent.remote.failures import Failures, pause_of
from catagent.remote.objects import Json, message_of, restored
from catagent.remote.pieces import Streamed
from catagent.remote.running import Ended
from catagent.sources.base import AgentRun
from catagent.sources.callbacks import Callbacks
from catagent.sources.kinds import is_ai, is_message, is_tool_message
from catagent.sources.nodes import items_of

# What a model's message is called that got no id of its server: by its run.
_OF_RUN = re.compile(r"(?:lc_)?run-+([0-9a-f-]{36})")
_SILENT = frozenset({"metadata", "end", "feedback", "checkpoints", "tasks", "debug"})
_UNTOLD = (
    "This run was started in other stream modes than `events`: what its models are sent and when "
    "its tools run is not told, and of all else what its modes tell."
)

_NO_END = "The server does not say how it ended."


@dataclass
class _Node:
    """A node of the graph that runs in namespace `level`, and the whole messages told of it."""

    ns: str
    level: str
    name: str
    run_id: str
    step: Any = None
    said: list[Any] = field(default_factory=list)


class Joined:
    """Reads the parts of one run: `begin`, `read` each, `finish`.

    With `is_late` its first parts are missing: then what a model has half written is not its fault.
    """

    def __init__(self, run: AgentRun, run_id: str, name: str, *, is_late: bool = False) -> None:
        self._root, self._name, self._is_late = run_id, name, is_late
        self.had, self.failures = Callbacks(run), Failures()
        self._error: BaseException | None = None
        self._modes, self._warned = set[str](), set[str]()
        self._nodes, self._open = dict[str, _Node](), dict[str, _Node]()
        self._models, self._about = dict[str, Streamed](), dict[str, Json]()
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
                node = self._nodes.get(ns)
                self.had.tracker.on_write(node.run_id if node else self._root, data)
            case "error", _:
                self._error = self.failures.of(data)
            case _ if mode not in _SILENT:
                yield from self._warn(mode, f"Parts {mode!r} of this form are not read.")

    def _told(self, mode: str, data: Any) -> Iterator[ev.Event]:
        """What a part says of messages, in the form of `messages-tuple` or of `messages`."""
        match data:
            case [dict(fields), dict(about)] if mode == "messages":
                yield from self._message(fields, about)
            case [dict(fields)]:
                about = self._about.get(str(fields.get("id"))) or {}
                yield from self._message(fields, about, is_partial=mode == "messages/partial")
            case dict() if mode == "messages/metadata":
                self._about |= {key: dict(each["metadata"]) for key, each in data.items()}
            case _:
                yield from self._warn(mode, f"Parts {mode!r} of this form are not read.")

    # Nodes

    def _enter(self, ns: str, step: Any = None) -> Iterator[ev.Event]:
        """Begin the nodes of this namespace that have not begun, the outermost first.

        Those that ran in an earlier step of the innermost graph than `step` have ended.
        """
        level = ""
        for part in ns.split("|"):
            name, colon, task = part.partition(":")
            inner = f"{level}|{part}" if level else part
            if colon and inner not in self._nodes:
                if inner == ns and step is not None:
                    yield from self._leave_all(level, but=step)
                node = _Node(inner, level, name, task, step)
                self._nodes[inner] = self._open[inner] = node
                around = self._graph(level) if level else self._root
                metadata = {"langgraph_node": name, "langgraph_checkpoint_ns": inner}
                begin = partial(self.had.start, "chain", node.run_id, None, name=name)
                yield from begin(parent_run_id=around, metadata=metadata)
            level = inner if colon else level

    def _graph(self, level: str) -> str:
        """The run of the graph in this node, of which is told that it is there, and no more."""
        run_id, node = str(uuid5(NAMESPACE_OID, f"{self._root}|{level}")), self._nodes[level]
        if run_id not in self.had.tracker.spans:
            metadata = {"langgraph_node": node.name, "langgraph_checkpoint_ns": level}
            begin = partial(self.had.tracker.on_chain_start, None, None, name="LangGraph")
            begin(run_id=run_id, parent_run_id=node.run_id, metadata=metadata)
        return run_id

    def _leave(
        self, node: _Node, output: Any = None, error: BaseException | None = None
    ) -> Iterator[ev.Event]:
        """A node ended with this output, None where that is not told; or was left, by an error."""
        yield from self._leave_all(node.ns, error=error)
        for model in self._models.values():
            if model.ns == node.ns and model.is_open:
                yield from self._end_model(model)
        if output is None:
            yield from self._facts(node.said, node.run_id)
        del self._open[node.ns]
        if error is None:
            yield from self.had.end(node.run_id, output)
        else:
            yield from self.had.fail(node.run_id, error)

    def _leave_all(
        self, level: str, but: Any = None, error: BaseException | None = None
    ) -> Iterator[ev.Event]:
        """All that ran in this graph has ended, `but` for what runs in this step."""
        for node in [each for each in self._open.values() if each.level == level]:
            if node.step != but or but is None:
                yield from self._leave(node, error=error)

    def _facts(self, messages: Iterable[Any], run_id: str) -> Iterator[ev.Event]:
        """What was decided and observed, by the messages that this run added."""
        calls, make = self.had.tracker.calls, self.had.translation.make
        where = self.had.tracker.spans[run_id]
        for said in messages:
            if is_ai(said):
                for call, _ in calls.decided(said, where):
                    yield from make.action(call, [said], where)
            elif is_tool_message(said) and (answered := calls.observed(said, where)):
                yield make.answered(answered, said)

    # Models

    def _message(
        self, fields: Json, about: Json, *, is_partial: bool = False
    ) -> Iterator[ev.Event]:
        """A message of the node that `about` names, or a piece of one that a model writes there."""
        said, ns = message_of(fields), str(about.get("langgraph_checkpoint_ns") or "")
        if said is None:
            raise ValueError("no message")
        yield from self._enter(ns, about.get("langgraph_step"))
        is_chunk = is_partial or "Chunk" in said.type
        model = self._models.get(said.id or "")
        if model is None and is_ai(said) and (is_chunk or _OF_RUN.match(said.id or "")):
            model = yield from self._ask(said.id or "", ns, about)
        if model is None or not model.is_open:
            if ns in self._nodes and model is None:
                self._nodes[ns].said.append(said)
        elif is_chunk:
            yield from self.had.chunk(model.run_id, model.add(fields, said))
            if fields.get("chunk_position") == "last":
                yield from self._end_model(model)
        else:
            model.pieces = [fields]
            yield from self._end_model(model)

    def _ask(self, key: str, ns: str, about: Json) -> Generator[ev.Event, None, Streamed]:
        """A model began, in the node that it is called after: its own name is not told."""
        named = _OF_RUN.match(key)
        model = self._models[key] = Streamed(named[1] if named else key, ns)
        node, tags = self._nodes.get(ns), about.get("tags")
        yield from self.had.start(
            "chat_model",
            model.run_id,
            [],
            name=node.name if node else "model",
            parent_run_id=node.run_id if node else self._root,
            tags=[each for each in tags if isinstance(each, str)] if isinstance(tags, list) else [],
            metadata={"langgraph_node": node.name if node else "", **_known(about)},
        )
        return model

    def _end_model(self, model: Streamed) -> Iterator[ev.Event]:
        model.is_open = False
        whole = model.whole()
        if self._is_late and getattr(whole, "invalid_tool_calls", None):
            whole = None
        if model.ns in self._nodes:
            self._nodes[model.ns].said.append(whole)
        yield from self.had.end(model.run_id, whole)

    # The state

    def _updates(self, ns: str, data: Json) -> Iterator[ev.Event]:
        """Nodes of the graph of this namespace ended with these outputs, or ask a person."""
        for name, output in data.items():
            if name == "__interrupt__":
                self._pause(output)
            if name.startswith("__"):
                continue
            like = (each for each in self._open.values() if (each.level, each.name) == (ns, name))
            if (node := next(like, None)) is None:
                task = uuid5(NAMESPACE_OID, f"{self._root}|{ns}|{name}|{len(self._nodes)}")
                inner = f"{ns}|{name}:{task}".removeprefix("|")
                yield from self._enter(inner)
                node = self._nodes[inner]
            yield from self._leave(node, restored(output))

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
        for node in [each for each in self._open.values() if each.level == level]:
            theirs = {each.id for each in node.said}
            node.said = [each for each in new if each.id in theirs]
            new = [each for each in new if each.id not in theirs]
            yield from self._leave(node)
        yield from self._facts(new, self._root)

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
        yield from self.had.told("The end", self._leave_all("", error=left))
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


def _known(about: Json) -> Json:
    """What is read of the metadata of a model."""
    names = ("langgraph_checkpoint_ns", "langgraph_step", "ls_model_name", "ls_provider")
    return {name: about[name] for name in names if isinstance(about.get(name), str | int)}
