"""The nodes that run on a server, and the models in them, as far as messages tell of those."""

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from catagent.events import types as ev
from catagent.remote.objects import Json, message_of
from catagent.remote.pieces import Streamed
from catagent.sources.callbacks import Callbacks
from catagent.sources.kinds import is_ai, is_tool_message

# What a model's message is called that got no id of its server: by its run.
_OF_RUN = re.compile(r"(?:lc_)?run-+([0-9a-f-]{36})")


@dataclass
class Node:
    """A node of the graph that runs in namespace `level`, and the whole messages told of it."""

    ns: str
    level: str
    name: str
    run_id: str
    step: Any = None
    said: list[Any] = field(default_factory=list)


class Nodes:
    """Begins and ends those of the run `root`, as callbacks; `open` are those that run.

    With `is_late` its first parts are missing: then what a model has half written is not its fault.
    """

    def __init__(self, had: Callbacks, root: str, *, is_late: bool) -> None:
        self.known, self.open = dict[str, Node](), dict[str, Node]()
        self._had, self._root, self._is_late = had, root, is_late
        self._models: dict[str, Streamed] = {}

    def within(self, level: str) -> list[Node]:
        """Those of the graph in this namespace that run."""
        return [each for each in self.open.values() if each.level == level]

    def enter(self, ns: str, step: Any = None) -> Iterator[ev.Event]:
        """Begin the nodes of this namespace that have not begun, the outermost first.

        Those that ran in an earlier step of the innermost graph than `step` have ended.
        """
        level = ""
        for part in ns.split("|"):
            name, colon, task = part.partition(":")
            inner = f"{level}|{part}" if level else part
            if colon and inner not in self.known:
                if inner == ns and step is not None:
                    yield from self.leave_all(level, but=step)
                node = Node(inner, level, name, task, step)
                self.known[inner] = self.open[inner] = node
                around = self._graph(level) if level else self._root
                metadata = {"langgraph_node": name, "langgraph_checkpoint_ns": inner}
                begin = partial(self._had.start, "chain", node.run_id, None, name=name)
                yield from begin(parent_run_id=around, metadata=metadata)
            level = inner if colon else level

    def _graph(self, level: str) -> str:
        """The run of the graph in this node, of which is told that it is there, and no more."""
        run_id, node = str(uuid5(NAMESPACE_OID, f"{self._root}|{level}")), self.known[level]
        if run_id not in self._had.tracker.spans:
            metadata = {"langgraph_node": node.name, "langgraph_checkpoint_ns": level}
            begin = partial(self._had.tracker.on_chain_start, None, None, name="LangGraph")
            begin(run_id=run_id, parent_run_id=node.run_id, metadata=metadata)
        return run_id

    def leave(
        self, node: Node, output: Any = None, error: BaseException | None = None
    ) -> Iterator[ev.Event]:
        """A node ended with this output, None where that is not told; or was left, by an error."""
        yield from self.leave_all(node.ns, error=error)
        for model in self._models.values():
            if model.ns == node.ns and model.is_open:
                yield from self._end_model(model)
        if output is None:
            yield from self.facts(node.said, node.run_id)
        del self.open[node.ns]
        if error is None:
            yield from self._had.end(node.run_id, output)
        else:
            yield from self._had.fail(node.run_id, error)

    def leave_all(
        self, level: str, but: Any = None, error: BaseException | None = None
    ) -> Iterator[ev.Event]:
        """All that ran in this graph has ended, `but` for what runs in this step."""
        for node in self.within(level):
            if node.step != but or but is None:
                yield from self.leave(node, error=error)

    def facts(self, messages: Iterable[Any], run_id: str) -> Iterator[ev.Event]:
        """What was decided and observed, by the messages that this run added."""
        calls, make = self._had.tracker.calls, self._had.translation.make
        where = self._had.tracker.spans[run_id]
        for said in messages:
            if is_ai(said):
                for call, _ in calls.decided(said, where):
                    yield from make.action(call, [said], where)
            elif is_tool_message(said) and (answered := calls.observed(said, where)):
                yield make.answered(answered, said)

    def message(self, fields: Json, about: Json, *, is_partial: bool = False) -> Iterator[ev.Event]:
        """A message of the node that `about` names, or a piece of one that a model writes there."""
        said, ns = message_of(fields), str(about.get("langgraph_checkpoint_ns") or "")
        if said is None:
            raise ValueError("no message")
        yield from self.enter(ns, about.get("langgraph_step"))
        is_chunk = is_partial or "Chunk" in said.type
        model = self._models.get(said.id or "")
        if model is None and is_ai(said) and (is_chunk or _OF_RUN.match(said.id or "")):
            model = yield from self._ask(said.id or "", ns, about)
        if model is None or not model.is_open:
            if ns in self.known and model is None:
                self.known[ns].said.append(said)
        elif is_chunk:
            yield from self._had.chunk(model.run_id, model.add(fields, said))
            if fields.get("chunk_position") == "last":
                yield from self._end_model(model)
        else:
            model.pieces = [fields]
            yield from self._end_model(model)

    def _ask(self, key: str, ns: str, about: Json) -> Generator[ev.Event, None, Streamed]:
        """A model began, in the node that it is called after: its own name is not told."""
        named = _OF_RUN.match(key)
        model = self._models[key] = Streamed(named[1] if named else key, ns)
        node, tags = self.known.get(ns), about.get("tags")
        yield from self._had.start(
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
        whole = model.whole()
        model.is_open, model.pieces = False, []
        if self._is_late and getattr(whole, "invalid_tool_calls", None):
            whole = None
        if whole is not None and model.ns in self.known:
            self.known[model.ns].said.append(whole)
        yield from self._had.end(model.run_id, whole)


def _known(about: Json) -> Json:
    """What is read of the metadata of a model."""
    names = ("langgraph_checkpoint_ns", "langgraph_step", "ls_model_name", "ls_provider")
    return {name: about[name] for name in names if isinstance(about.get(name), str | int)}
