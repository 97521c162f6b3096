"""The events of one root run of a program that is watched, made of its records as they come.

Each record is a callback of LangChain's.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from catagent.errors import AgentError, ExitCode
from catagent.events import types as ev
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.callbacks import Callbacks
from catagent.sources.nodes import is_named
from catagent.sources.span import Span
from catagent.sources.standins import Action, Exceptions
from catagent.sources.to_events import envelope

Record = list[Any]
"""Its kind, its time in microseconds of the epoch, and mostly the number of its run, and more."""
OVER = "over"
"""The kind of a record of our own, the last: why a run has no end, or that nobody waits for it."""
# How a program leaves a run early: it failed at nothing.
_LEFT = (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit)


class RunRecords:
    """The records of one root run, which are `put` here in order, and the events made of them.

    `is_wanted` is whether anybody reads those, `reading` the task that does, where others wait.
    `ids` are those of its runs by their numbers, the root's first.
    """

    def __init__(self, began: int, *, is_wanted: bool = True) -> None:
        self._micros = began
        self.is_wanted, self.ids = is_wanted, dict[int, str]()
        self.reading: asyncio.Task[None] | None = None
        self._waiting: asyncio.Queue[Record] = asyncio.Queue()

    def clock(self) -> float:
        """The program's own time, in seconds: that of the record which is being read."""
        return self._micros / 1e6

    def time_of_day(self) -> datetime:
        """The same as a time of day."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def agent_run(self) -> AgentRun:
        """The run that nobody here drives, and that has no limit."""
        return AgentRun.elsewhere(clock=self.clock)

    def put(self, record: Record) -> None:
        """Take the next record, unless nobody reads them."""
        if self.is_wanted:
            self._waiting.put_nowait(record)

    async def events(self, run: AgentRun) -> EventStream:
        """The events up to the end of the run. Raises what ended it."""
        reading = _Reading(run)
        while not reading.had.is_over:
            record = await self._waiting.get()
            self._micros = max(self._micros, record[1])
            for event in reading.read(record):
                yield event
        for event in reading.finish():
            yield event


class _Reading:
    """Reads the records of one run, from the root's first on."""

    def __init__(self, run: AgentRun) -> None:
        self._run, self.had = run, Callbacks(run)
        self._runs: dict[int, str] = {}
        self._exceptions = Exceptions()

    def read(self, record: Record) -> Iterator[ev.Event]:
        """What one record says, and what the tracker alone knows of it."""
        kind, _, number, *more = record
        if kind == "token" and number in self._runs:
            return self.had.chunk(self._runs[number], more[0])
        return self.had.told("A record of the program", self._other(kind, number, more))

    def _other(self, kind: str, number: int, more: list[Any]) -> Iterator[ev.Event]:
        if kind == "start":
            yield from self._start(number, *more)
        elif kind == OVER:
            self.had.raised = AgentError(*more) if more else KeyboardInterrupt()
            self.had.is_over = True
        elif kind == "stopped":  # by the driver: no callback says so
            self.had.translation.chunks.stopped = more[0]
        elif kind == "pause":  # neither
            pause = SimpleNamespace(id=more[0], value=more[1])
            self.had.tracker.pause(self._runs[number], [pause])
        elif number in self._runs:
            yield from self._of_run(kind, self._runs[number], *more)

    def _start(self, number: int, kind: str, about: dict[str, Any]) -> Iterator[ev.Event]:
        run_id = self._runs[number] = about["id"]
        told = {key: value for key, value in about.items() if key not in ("id", "input")}
        told |= {"parent_run_id": about.get("parent"), "invocation_params": about.get("params")}
        run_type = about.get("run_type") or kind
        yield from self.had.start(run_type, run_id, about.get("input"), **told)

    def _of_run(
        self, kind: str, run_id: str, value: Any = None, more: Any = None
    ) -> Iterator[ev.Event]:
        match kind:
            case "chunk":
                yield from self.had.chunk(run_id, value)
            case "end":
                yield from self.had.end(run_id, value)
            case "error":
                yield from self.had.fail(run_id, self._exceptions.of(value), more)
            case "action":
                self.had.tracker.on_agent_action(Action(**value), run_id=run_id)
            case "custom":
                self.had.tracker.on_custom_event(value, more, run_id=run_id)
            case "retry":
                yield _retry(self.had.tracker.spans[run_id], value)

    def finish(self) -> Iterator[ev.Event]:
        """The answer, and what is left to say. Raises what ended the run in the program."""
        raised = self.had.raised
        yield from self.had.translation.unsaid()
        if isinstance(raised, _LEFT):
            self._run.stop.request(ExitCode.INTERRUPTED)
        elif is_named(raised, "StoppedError"):
            self._run.outcome.interrupted = True
        elif raised is not None:
            yield from self.had.finish()
        else:
            with suppress(AgentError):  # a program's own run may well come to nothing
                yield from self.had.finish()


def _retry(span: Span, told: dict[str, Any]) -> ev.Retry:
    attempt = int(told["attempt"])
    data = ev.RetryData(attempt=attempt, max_attempts=attempt, delay_s=0.0, reason=told["message"])
    return ev.Retry(data=data, **envelope(span))
