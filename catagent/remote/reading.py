"""The parts of one run's stream, read as the callbacks that its agent had on its server.

Read are those of the modes `events`, `tasks` (which nodes failed, and which wait), `custom` and
`updates`. What none of them says is left unknown: docs/servers.md has the list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from catagent.errors import AgentError
from catagent.events import types as ev
from catagent.remote.failures import INTERRUPT, Failures, is_of_a_model, name_of, pause_of
from catagent.remote.forms import begun, calls_in, ended, streamed
from catagent.remote.objects import Json, restored
from catagent.sources.base import AgentRun
from catagent.sources.callbacks import Callbacks
from catagent.sources.span import LLM_KINDS, Span

if TYPE_CHECKING:
    from catagent.remote.running import Ended

MODES = ("events", "tasks", "updates", "custom")
"""What a run is to be asked to stream, with those of its subgraphs."""
_NO_END = "The server does not say how it ended."
_AGAIN = "The server began this step again."


class Reading:
    """Reads the parts of a run in their order, each into events.

    The root's id in them is `root_id`, where that is given, in the place of the server's.
    """

    def __init__(self, run: AgentRun, root_id: str = "") -> None:
        self.had, self.failures = Callbacks(run), Failures()
        self._root_id, self._roots = root_id, set[str]()
        self._spans = self.had.tracker.spans
        # By namespaces: the nodes that began, and the tasks of a graph that have not ended.
        self._nodes: dict[str, str] = {}
        self._open: defaultdict[str, set[str]] = defaultdict(set)
        # By nodes: the calls that one was to run, the run of the only one, tools that failed.
        self._calls: dict[str, list[Json]] = {}
        self._tools: dict[str, str] = {}
        self._held: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
        # What has not ended, the outermost first, and what it began with, as the server wrote it.
        self._given: dict[str, tuple[Any, Any]] = {}
        self._pauses: list[Any] = []

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, as far as its stream says."""
        return self.had.is_over

    @property
    def has_answer(self) -> bool:
        """Whether the stream has said all of the end."""
        return self.is_over and self.had.translation.chunks.stopped is None

    def lacks_words(self, part: str, data: Any) -> bool:
        """Whether this part fails the run with an error whose words the server withholds."""
        told = data.get("error") if part == "tasks" and isinstance(data, dict) else data
        return part in ("tasks", "error") and bool(told) and self.failures.lacks(told)

    def settle(self, end: Ended) -> None:
        """Take in what the server says of the end, beside its stream."""
        error, chunks = self.failures.at(end), self.had.translation.chunks
        if chunks.stopped is not None:
            chunks.stopped = end.state.next
        if not self.is_over and end.status != "success":
            self.had.raised, self.had.is_over = error, True

    def read(self, part: str, data: Any) -> Iterator[ev.Event]:
        """What one part says; its name is its mode, and behind `|` where in the graph it is."""
        mode, _, ns = part.partition("|")
        return self.had.told("A part of the server's stream", self._read(mode, ns, data))

    def _read(self, mode: str, ns: str, data: Any) -> Iterator[ev.Event]:
        match mode, data:
            case "events", {"event": str(), "run_id": str()}:
                yield from self._event(data)
            case "tasks", {"id": str(key), "name": str(name)}:
                yield from self._task(ns, f"{ns}|{name}:{key}".removeprefix("|"), data)
            case "custom", _:
                self.had.tracker.on_write(self._writer(ns), data)
            case "updates" | "values", {"__interrupt__": [*pauses]} if not ns:
                self._wait(pauses)
            case "metadata", _ if self._spans:
                yield from self._begin_again()
            case "error", _:
                self.had.raised, self.had.is_over = self.failures.of(data), True

    def _event(self, data: Json) -> Iterator[ev.Event]:
        what, _, phase = data["event"].removeprefix("on_").rpartition("_")
        parents = [each for each in data.get("parent_ids") or () if isinstance(each, str)]
        self._roots.update([*parents, data["run_id"]][:1])
        run_id, content = self._id(data["run_id"]), data.get("data")
        if what == "custom":
            self.had.tracker.on_custom_event(str(data.get("name")), content, run_id=run_id)
            return
        given = content if isinstance(content, dict) else {}
        if run_id not in self._spans:  # one that began before this was joined, too
            yield from self._start(what, run_id, [self._id(each) for each in parents], data)
        match phase:
            case "stream" if parents:  # the parts of other modes are the root's
                yield from self._stream(self._spans[run_id], given.get("chunk"))
            case "end":
                yield from self._end(self._spans[run_id], data, given.get("output"))
            case "error":
                yield from self._hold(self._spans[run_id], given.get("error"))

    def _id(self, run_id: str) -> str:
        """The id of a run in the events: a server may give its root another at every attempt."""
        if run_id not in self._roots:
            return run_id
        self._root_id = self._root_id or run_id
        return self._root_id

    def _start(self, what: str, run_id: str, parents: list[str], data: Json) -> Iterator[ev.Event]:
        given, metadata = (data.get("data") or {}).get("input"), data.get("metadata") or {}
        if parents and self._root_id not in self._spans:
            name = str(metadata.get("graph_id"))
            yield from self.had.start("chain", self._root_id, None, name=name)
        parent = next((each for each in reversed(parents) if each in self._spans), "")
        about: Json = {"name": data.get("name"), "metadata": metadata, "parent_run_id": parent}
        about["tags"] = [tag for tag in data.get("tags") or () if isinstance(tag, str)]
        if what == "tool":
            about["tool_call_id"] = self._call_id(parent, run_id, data.get("name"), given)
        raw, made = self._given.get(parent, (None, None))
        if raw is None or raw != given:  # or it is the state that is around it
            made = begun(what, given)
        self._given[run_id] = given, made
        yield from self.had.start(what, run_id, made, **about)
        if (span := self._spans[run_id]).is_node:
            yield from self._leave(self._nodes.get(span.ns, ""))  # it is tried again
            self._nodes[span.ns], self._calls[run_id] = run_id, calls_in(given)

    def _call_id(self, node: str, run_id: str, tool: Any, args: Any) -> str | None:
        """The id of the call that a tool runs, where its node was to run no other that is alike."""
        calls = self._calls.get(node, [])
        if len(calls) == 1:
            self._tools[node] = run_id
        mine = [call for call in calls if call["name"] == tool]
        if len(mine) > 1:
            mine = [call for call in mine if call["args"] == args]
        return mine[0]["id"] if len(mine) == 1 else None

    def _stream(self, span: Span, chunk: Any) -> Iterator[ev.Event]:
        hand_on = self.had.chunk if span.kind in LLM_KINDS else self.had.stream
        yield from hand_on(span.run_id, streamed(span.kind, chunk))

    def _end(self, span: Span, data: Json, output: Any) -> Iterator[ev.Event]:
        if span is self.had.tracker.root:
            self.had.tracker.pause(None, self._pauses)
        yield from self._release(span.run_id, [])
        yield from self._leave(span.run_id)
        agent = (data.get("metadata") or {}).get("lc_agent_name")
        yield from self.had.end(span.run_id, ended(span.kind, output, agent))

    def _hold(self, tool: Span, told: Any) -> Iterator[ev.Event]:
        """A tool failed. What it waits for, and words that are withheld, its node's task says."""
        node = tool.parent_ids[-1] if tool.parent_ids else ""
        is_told_later = name_of(told) == INTERRUPT or self.failures.lacks(told)
        if is_told_later and node in self._nodes.values():
            self._held[node].append((tool.run_id, told))
        else:
            yield from self._fail(tool.run_id, self.failures.of(told))

    def _release(self, node: str, pauses: list[Json]) -> Iterator[ev.Event]:
        """The tools that failed in a node, of which each waits for those it has said the ids of."""
        for tool, told in self._held.pop(node, ()):
            mine = [each for each in pauses if str(each.get("id")) in str(told)]
            is_pause = name_of(told) == INTERRUPT
            error = self.failures.waiting(mine) if is_pause else self.failures.of(told)
            yield from self._fail(tool, error)

    def _task(self, ns: str, place: str, data: Json) -> Iterator[ev.Event]:
        """A node begins, or has ended: well, which its own events say, or not."""
        if "triggers" in data:
            self._open[ns].add(place)
            return
        self._open[ns].discard(place)
        pauses, node = data.get("interrupts") or [], self._nodes.get(place)
        if node not in self._given:
            return
        if not (pauses or data.get("error")):  # it has left for another graph
            self.had.tracker.on_chain_end(restored(data.get("result")), run_id=node)
            return
        yield from self._release(node, pauses)
        error = self.failures.waiting(pauses) if pauses else self.failures.of(data["error"])
        yield from self._fail(node, error)

    def _fail(self, run_id: str, error: BaseException) -> Iterator[ev.Event]:
        """A run failed. A model in it that has no end did so too, or was left: nobody says."""
        inside = [span for span in self._inside(run_id) if span.kind in LLM_KINDS]
        if len(inside) == 1 and is_of_a_model(error):
            yield from self.had.fail(inside[0].run_id, error)
        yield from self._leave(run_id)
        yield from self.had.fail(run_id, error)

    def _leave(self, run_id: str, why: str = _NO_END) -> Iterator[ev.Event]:
        """A run ends: so has, in whichever way, all that is inside of it."""
        if run_id not in self._given:
            return
        for span in reversed(self._inside(run_id)):
            if span.is_call and span.ended is None:
                yield from self.had.fail(span.run_id, AgentError(why))
            self._given.pop(span.run_id, None)
        self._given.pop(run_id, None)

    def _inside(self, run_id: str) -> list[Span]:
        spans = (self._spans[each] for each in self._given)
        return [span for span in spans if run_id in span.parent_ids]

    def _wait(self, pauses: list[Any]) -> None:
        """The run waits for a person: to answer, or where its graph was compiled to stop."""
        self._pauses = [pause_of(each) for each in pauses if isinstance(each, dict)]
        if not pauses:
            self.had.translation.chunks.stopped = []

    def _writer(self, ns: str) -> str | None:
        """What wrote to a graph's stream: its only open task, the tool that is all of that.

        Where several are open the graph itself, which is all that is known.
        """
        graph = self._nodes.get(ns) if ns else self._root_id
        places = self._open[ns]
        node = self._nodes.get(next(iter(places)), "") if len(places) == 1 else ""
        return self._tools.get(node) or node or graph

    def _begin_again(self) -> Iterator[ev.Event]:
        """Another process goes on from the last checkpoint: what was open there has no end."""
        self._open.clear()
        self._held.clear()
        if (root := self._given.get(self._root_id)) is not None:
            yield from self._leave(self._root_id, _AGAIN)
            self._given[self._root_id] = root

    def finish(self) -> Iterator[ev.Event]:
        """What is left to say, and the answer. Raises what ended the run, and says whose it is."""
        if self.had.raised is None:
            yield from self.had.told("The stream's end", self._close())
        yield from self.had.finish()

    def _close(self) -> Iterator[ev.Event]:
        for node in list(self._held):
            yield from self._release(node, [])
        yield from self._leave(self._root_id)
