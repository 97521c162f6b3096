"""One LangChain run as the tracker knows it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from catagent.events.types import Message
    from catagent.sources.blocks import Piece
    from catagent.sources.calls import Call
    from catagent.sources.content import Reading

LLM_KINDS = frozenset({"llm", "chat_model"})


@dataclass(slots=True, eq=False)
class Prompt:
    """What a model is sent, as it is when it is sent."""

    messages: list[Message]
    tools: list[Any]
    parameters: dict[str, Any]


@dataclass(slots=True, eq=False)
class Span:
    """One LangChain run. `tool_call_id` is that of the nearest tool call, its own included.

    `call` is that call, `outer` the one around it: the same but for a tool run. `node` is the name
    of the graph's node that this is, or is inside of, `ns` LangGraph's namespace of that, and
    `superstep` the number of its turn in its graph, None for a task of an `entrypoint`. `began`,
    `ended` and `first_token` are seconds of its tree's clock. `text` and `further` are the pieces
    streamed so far, `reading` what reads those that are more than text, `numbers` those of tool
    calls that their provider did not number, `names` their names, by order, so far, `written` the
    calls of its message. `facts` are what a node added: decisions of models, with arguments, and
    what tools answered. `state` is its graph's while it runs, where it begins with that.
    """

    run_id: str
    kind: str
    name: str
    tags: list[str]
    parent_ids: list[str]
    tool_call_id: str | None = None
    call_id: str | None = None
    call: Call | None = None
    outer: Call | None = None
    scope: str = ""
    node: str = ""
    ns: str = ""
    is_node: bool = False
    superstep: int | None = None
    model: str = ""
    provider: str = ""
    prompt: Prompt | None = None
    tool_input: Any = None
    began: float = 0.0
    first_token: float | None = None
    text: list[str] = field(default_factory=list)
    further: list[Piece] = field(default_factory=list)
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
    def key(self) -> str | None:
        """The key of the call that it happened inside, or that it is."""
        return None if self.call is None else self.call.key


asking: ContextVar[Span | None] = ContextVar("asking", default=None)
"""The model run that is asking its server, in this task or thread."""
