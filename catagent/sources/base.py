"""What every source is: an async generator of events between `run.started` and `run.finished`.

A source yields events without `seq` and `ts` (the session sets them), never yields the two that
frame a run, raises what LangChain raises, and lets go of everything when it is closed early.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from catagent.errors import CatagentError
from catagent.events.types import Event
from catagent.failures.classify import Owner
from catagent.sources.budget import Budget
from catagent.stop import Stop

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable, RunnableConfig

    from catagent.agents.driver.breakpoints import Breakpoints

AgentShape = Literal["graph", "executor", "other"]
EventStream = AsyncGenerator[Event, None]


class Pulse:
    """Whether models are at work: when one was `heard`, whether a reader has them `held`."""

    def __init__(self) -> None:
        self.held = False
        self.heard = time.monotonic()
        self._calls: dict[str, Callable[[], bool]] = {}

    @property
    def is_awaited(self) -> bool:
        """Whether a model is to say something now."""
        return not self.held and any(is_asked() for is_asked in list(self._calls.values()))

    def begin(self, call: str, is_asked: Callable[[], bool]) -> None:
        """A model was called. `is_asked` says whether what it says is waited for at the moment."""
        self._calls[call] = is_asked
        self.beat()

    def beat(self, pause_s: float = 0.0) -> None:
        """A model said something, or will not for so long: its client waits before it asks."""
        self.heard = time.monotonic() + pause_s

    def end(self, call: str) -> None:
        """A model is through with its answer, failed, or was given up."""
        self._calls.pop(call, None)
        self.beat()


@dataclass(slots=True)
class Outcome:
    """How a run ended: its final state as plain data, whose error it raises, whether it waits."""

    state: Any = None
    owner: Owner | None = None
    interrupted: bool = False


def to_nobody(*_: Any) -> None:
    """Nobody has asked for it."""


@dataclass(frozen=True, slots=True)
class AgentRun:
    """One agent, ready to run once; `shape` is that of its chunks, None where it is only watched.

    It may decide on tool calls `max_steps` times and use `budget`; `cancel` ends one that minds
    neither. The source keeps `pulse` and leaves `outcome`; what happens while it waits goes to
    `report`. `stop` has the patience, `clock` the seconds, `breakpoints` what it is to stop before.
    `decide` asks whether to step on from the last interrupt, None to leave.
    """

    runnable: Runnable[Any, Any]
    input: Any
    shape: AgentShape | None
    config: RunnableConfig | None = None
    store: Any = None
    breakpoints: Breakpoints | None = None
    decide: Callable[[], Awaitable[bool | None]] | None = None
    max_steps: float = 25
    raw: bool = False
    pulse: Pulse = field(default_factory=Pulse)
    stop: Stop = field(default_factory=Stop)
    outcome: Outcome = field(default_factory=Outcome)
    budget: Budget = field(default_factory=Budget)
    report: Callable[[Event], None] = to_nobody
    cancel: Callable[[CatagentError], None] = to_nobody
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def elsewhere(
        cls, max_steps: float = math.inf, clock: Callable[[], float] = time.monotonic
    ) -> Self:
        """One that nobody here drives."""
        nothing: Any = None
        return cls(nothing, nothing, None, max_steps=max_steps, clock=clock)
