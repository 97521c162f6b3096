"""What every source is: an async generator of events between `run.started` and `run.finished`.

A source yields events without `seq` and `ts` (the session sets them), never yields the two that
frame a run, raises what LangChain raises, and lets go of everything when it is closed early.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from catagent.events import Event
from catagent.pulse import Pulse

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable, RunnableConfig

AgentShape = Literal["graph", "executor", "other"]
EventStream = AsyncGenerator[Event, None]


@dataclass(frozen=True, slots=True)
class AgentRun:
    """One agent, ready to run once.

    `shape` tells the sources what the agent's chunks look like: those of a LangGraph graph
    (`create_agent`), those of LangChain's classic AgentExecutor, or any other Runnable's.
    `max_steps` is how often the agent may decide on tool calls before it is stopped. The source
    keeps `pulse` while its models are at work.
    """

    runnable: Runnable[Any, Any]
    input: Any
    shape: AgentShape
    config: RunnableConfig | None = None
    max_steps: int = 25
    raw: bool = False
    pulse: Pulse = field(default_factory=Pulse)


SourceFactory = Callable[[AgentRun], EventStream]
