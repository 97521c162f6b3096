"""One LangChain run as the tracker knows it."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catagent.failures.owner import Owner

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


LLM_KINDS = frozenset({"llm", "chat_model"})


@dataclass(slots=True)
class Span:
    """One LangChain run. `tool_call_id` is that of the nearest tool call, its own included.

    `began`, `ended` and `first_token` are monotonic seconds; `call_id` is a tool run's own;
    `text` and `reasoning` are the pieces streamed so far. `scope` is the outermost run that it
    shares with its agent: the root, or the run right inside the nearest tool. `numbers` are those
    of tool calls that their provider did not number. `owner` is whose error `error` is.
    """

    run_id: str
    kind: str
    name: str
    tags: list[str]
    parent_ids: list[str]
    tool_call_id: str | None = None
    call_id: str | None = None
    scope: str = ""
    model: str = ""
    provider: str = ""
    tool_input: Any = None
    began: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    numbers: dict[object, int] = field(default_factory=dict)
    ended: float | None = None
    message: BaseMessage | None = None
    output: Any = None
    error: BaseException | None = None
    owner: Owner | None = None
    closed: bool = False


asking: ContextVar[Span | None] = ContextVar("asking", default=None)
"""The model run that is asking its server, in this task or thread."""
