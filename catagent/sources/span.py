"""LangChain's runs, and the tree of them: who is inside whose tool call, whose an error is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from catagent.failures.classify import Owner
from catagent.failures.exceptions import carried, first_of

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from catagent.events.types import Message
    from catagent.sources.blocks import Piece
    from catagent.sources.calls import Call
    from catagent.sources.content import Reading


LLM_KINDS = frozenset({"llm", "chat_model"})
# What LangGraph calls a graph that has no name.
_UNNAMED_GRAPH = "LangGraph"


@dataclass(slots=True, eq=False)
class Span:
    """One LangChain run. `call` is the nearest tool call, its own included once that is known.

    `node` is the graph's node that this is or is inside of, `ns` and `path` LangGraph's names of
    it, `superstep` its turn, None for a task of an `entrypoint`. Times are of its tree's clock.
    `sent` and `parameters` are what a model gets, as they are then, until that was reported.
    Of what is streamed `reading` reads all that is more than text; `numbers` and `names` are of its
    tool calls, `written` of its message. `facts` are what a node added, `state` what it began with.
    """

    run_id: str
    kind: str
    name: str
    tags: list[str]
    parent_ids: list[str]
    tool_call_id: str | None = None
    call_id: str | None = None
    call: Call | None = None
    scope: str = ""
    node: str = ""
    ns: str = ""
    is_node: bool = False
    path: tuple[Any, ...] = ()
    superstep: int | None = None
    model: str = ""
    provider: str = ""
    sent: list[Message] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    tool_input: Any = None
    began: float = 0.0
    first_token: float | None = None
    said: list[Piece] = field(default_factory=list)
    reading: Reading | None = None
    numbers: dict[object, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    written: list[Call] = field(default_factory=list)
    facts: list[tuple[Call, BaseMessage, Any]] = field(default_factory=list)
    state: Any = None
    begins_with_state: bool = False
    ended: float | None = None
    message: BaseMessage | None = None
    output: Any = None
    error: BaseException | None = None
    is_cut_short: bool = False
    opened: bool = False
    closed: bool = False

    @property
    def is_call(self) -> bool:
        """Whether a model or a tool was called."""
        return self.kind in LLM_KINDS or self.kind == "tool"

    @property
    def is_step(self) -> bool:
        """Whether it is a node of a graph, or a tool."""
        return self.is_node or self.kind == "tool"

    @property
    def step_name(self) -> str:
        """The name of the tool that it is, else of the node that it is or is inside of."""
        return self.name if self.kind == "tool" else self.node

    @property
    def key(self) -> str | None:
        """The key of the call that it happened inside, or that it is."""
        return None if self.call is None else self.call.key


asking: ContextVar[Span | None] = ContextVar("asking", default=None)
"""The model run that is asking its server, in this task or thread."""


Serialized = dict[str, Any] | None
RunId = UUID | str


class RunTree:
    """The spans of one run by their ids, the root and the models of them; seconds of a `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.spans: dict[str, Span] = {}
        self.root: Span | None = None
        self.llms: list[Span] = []

    def add(self, kind: str, serialized: Serialized, about: dict[str, Any]) -> Span:
        """Put a run where it belongs, with what a callback says `about` it: ids, name, tags."""
        name, tags = _name(about, serialized), list(about.get("tags") or [])
        run_id = str(about["run_id"])
        span = Span(run_id, kind, name, tags, [], scope=run_id, began=self.clock())
        metadata = about.get("metadata") or {}
        span.ns = str(metadata.get("langgraph_checkpoint_ns") or "")
        span.node = str(metadata.get("langgraph_node") or "") if span.ns else ""
        span.path = tuple(metadata.get("langgraph_path") or ())
        # That of a task of an `entrypoint` ends so.
        span.superstep = None if span.path[-1:] == (True,) else metadata.get("langgraph_step")
        parent = self.spans.get(str(about.get("parent_run_id")))
        if parent is not None:
            _put_inside(span, parent)
        # Whatever a node calls inherits its namespace.
        span.is_node = bool(span.ns) and (parent is None or parent.ns != span.ns)
        self.root = self.root or span
        self.spans[span.run_id] = span
        return span

    def owner_of(self, error: BaseException) -> Owner | None:
        """Whose error it is: the innermost run that raised it, or the first one in its group."""
        raised = list(self._raisers(first_of(error)))
        if not raised:
            return None
        span = max(raised, key=lambda span: len(span.parent_ids))
        if span.kind in LLM_KINDS:
            return Owner("model", span.name)
        around = reversed(dict.fromkeys([span, *self.steps_around(span)]))
        path = tuple(each.step_name for each in around if each.is_step)
        kind: Literal["tool", "node"] = "tool" if span.kind == "tool" else "node"
        return Owner(kind, span.step_name, path)

    def _raisers(self, first: BaseException) -> Iterator[Span]:
        """The runs that ended with it, with what it carried, or with a group that begins with it.

        The groups need not be one object: what lets a part of one pass makes another of the rest.
        """
        inner = carried(first)
        for span in self.spans.values():
            if span.error is not None and (first_of(span.error) is first or span.error is inner):
                yield span
            elif isinstance(first, SystemExit) and span.kind == "tool" and _vanished(span):
                yield span  # LangChain does not report it of a tool

    def last_llm(self, around: Span | None = None) -> Span | None:
        """The newest model run of the agent that this is, or is part of; else of the root's."""
        whose = around or self.root
        return next((m for m in reversed(self.llms) if whose and m.scope == whose.scope), None)

    def agent_of(self, span: Span) -> str:
        """The agent that a run is part of, if the root runs it: its graph, or what runs that."""
        step = span if span.is_node else next(self.steps_around(span))
        graph = self.spans[step.parent_ids[-1]] if step.is_node and step.parent_ids else None
        if graph is None or graph is self.root:
            return ""
        if graph.is_node:  # an entrypoint, around its tasks
            return self.agent_of(graph)
        around = next(self.steps_around(graph))
        ran_by = around.node or around.name if around.is_step else ""
        return ran_by if graph.name == _UNNAMED_GRAPH else graph.name

    def steps_around(self, span: Span) -> Iterator[Span]:
        """The nodes and tools that a run is inside of, the innermost first, and last the root."""
        around = (self.spans[run] for run in reversed(span.parent_ids or [span.run_id]))
        return (each for each in around if each.is_step or each is self.root)


def _vanished(span: Span) -> bool:
    return span.ended is None or isinstance(span.error, asyncio.CancelledError)


def _put_inside(span: Span, parent: Span) -> None:
    span.parent_ids = [*parent.parent_ids, parent.run_id]
    span.tool_call_id = parent.tool_call_id
    span.call = parent.call
    span.scope = span.run_id if parent.kind == "tool" else parent.scope


def _name(about: dict[str, Any], serialized: Serialized) -> str:
    known = serialized or {}
    return str(about.get("name") or known.get("name") or (known.get("id") or ["Unnamed"])[-1])
