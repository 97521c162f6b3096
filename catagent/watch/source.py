"""The events of one root run of a program that is watched, made of its records as they come.

Each record is a callback of LangChain's: the tracker gets it, and the reader of mode `events` the
event that `astream_events` would have made of it. So both say the same.
"""

import asyncio
import math
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from catagent.errors import AgentError, ExitCode
from catagent.events import types as ev
from catagent.sources.agent_events import custom_event
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.nodes import is_named
from catagent.sources.span import Span
from catagent.sources.standins import Action, Exceptions
from catagent.sources.to_events import envelope
from catagent.sources.tracker import Tracker
from catagent.sources.translation import EventReader, Translation

Record = list[Any]
"""Its kind, its time in microseconds of the epoch, and mostly the number of its run, and more."""
OVER = "over"
"""The kind of a record of our own, the last: why a run has no end, or that nobody waits for it."""
_CALLED = {"chat_model": "llm", "llm": "llm", "tool": "tool"}
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
        nothing: Any = None
        return AgentRun(nothing, nothing, None, max_steps=math.inf, clock=self.clock)

    def put(self, record: Record) -> None:
        """Take the next record, unless nobody reads them."""
        if self.is_wanted:
            self._waiting.put_nowait(record)

    async def events(self, run: AgentRun) -> EventStream:
        """The events up to the end of the run. Raises what ended it."""
        reading = _Reading(run)
        while not reading.is_over:
            record = await self._waiting.get()
            self._micros = max(self._micros, record[1])
            for event in reading.read(record):
                yield event
        for event in reading.finish():
            yield event


class _Reading:
    """Reads the records of one run, from the root's first on."""

    def __init__(self, run: AgentRun) -> None:
        self.is_over = False
        self._run = run
        self._tracker = Tracker(run)
        self._translation = Translation(run, self._tracker)
        self._reader = EventReader(self._translation)
        self._runs: dict[int, tuple[str, str]] = {}
        self._sent: list[tuple[Span | None, str, Any]] = []
        self._tracker.on_custom = lambda *sent: self._sent.append(sent)
        self._exceptions = Exceptions()
        self._raised: BaseException | None = None

    def read(self, record: Record) -> Iterator[ev.Event]:
        """What one record says, and what the tracker alone knows of it."""
        kind, _, number, *more = record
        if kind == "token" and number in self._runs:
            yield from self._chunk(self._runs[number][0], more[0])
            return
        try:
            made = list(self._other(kind, number, more))
        except Exception as error:  # whatever a stranger's objects come to, the rest can be read
            message = f"A record of the program could not be read: {type(error).__name__}: {error}."
            made = [ev.Warned(data=ev.WarningData(code="unread_record", message=message))]
        yield from (*made, *self._translation.unsaid())
        yield from (custom_event(*sent) for sent in self._sent)
        self._sent.clear()

    def _other(self, kind: str, number: int, more: list[Any]) -> Iterator[ev.Event]:
        if kind == "start":
            yield from self._start(number, *more)
        elif kind == OVER:
            self._raised, self.is_over = AgentError(*more) if more else KeyboardInterrupt(), True
        elif kind == "stopped":  # by the driver: no callback says so
            self._translation.chunks.stopped = more[0]
        elif kind == "pause":  # neither
            pause = SimpleNamespace(id=more[0], value=more[1])
            self._tracker.pause(self._runs[number][0], [pause])
        elif number in self._runs:
            yield from self._of_run(kind, *self._runs[number], *more)

    def _start(self, number: int, kind: str, about: dict[str, Any]) -> Iterator[ev.Event]:
        run_id, what, given = about["id"], about.get("run_type") or kind, about.get("input")
        told = {**about, "run_id": run_id, "parent_run_id": about.get("parent")}
        told["invocation_params"] = about.get("params")
        if kind in ("chat_model", "llm"):
            given = [given or []] if kind == "chat_model" else given or []
        getattr(self._tracker, f"on_{kind}_start")(None, given, **told)
        self._runs[number] = run_id, what
        given = {"query": given} if kind == "retriever" else given
        yield from self._streamed(f"on_{what}_start", run_id, input=given)

    def _of_run(
        self, kind: str, run_id: str, what: str, value: Any = None, more: Any = None
    ) -> Iterator[ev.Event]:
        called = _CALLED.get(what, "chain")
        match kind:
            case "chunk":
                yield from self._chunk(run_id, value)
            case "end":
                output = _response(value) if called == "llm" else value
                getattr(self._tracker, f"on_{called}_end")(output, run_id=run_id)
                yield from self._streamed(f"on_{what}_end", run_id, output=value)
                self._leave(run_id)
            case "error":
                error = self._exceptions.of(value)
                callback = getattr(self._tracker, f"on_{called}_error")
                callback(error, run_id=run_id, response=_response(more))
                if called == "tool":
                    yield from self._streamed("on_tool_error", run_id)
                self._leave(run_id, error)
            case "action":
                self._tracker.on_agent_action(Action(**value), run_id=run_id)
            case "custom":
                self._tracker.on_custom_event(value, more, run_id=run_id)
            case "retry":
                yield _retry(self._tracker.spans[run_id], value)

    def _chunk(self, run_id: str, chunk: Any) -> Iterator[ev.Event]:
        """A piece of a model's: mere text, or what stands for LangChain's chunk."""
        whole = None if type(chunk) is str else SimpleNamespace(message=chunk)
        self._tracker.on_llm_new_token("", run_id=run_id, chunk=whole)
        yield from self._translation.make.tokens(self._tracker.spans[run_id], chunk)

    def _leave(self, run_id: str, error: BaseException | None = None) -> None:
        root = self._tracker.root
        if root is not None and root.run_id == run_id:
            self._raised, self.is_over = error, True

    def _streamed(self, name: str, run_id: str, **data: Any) -> Iterator[ev.Event]:
        """What the reader makes of the event that `astream_events` would say this with."""
        for events in self._reader({"event": name, "run_id": run_id, "data": data}):
            yield from events

    def finish(self) -> Iterator[ev.Event]:
        """The answer, and what is left to say. Raises what ended the run in the program."""
        if self._raised is None:
            self._tracker.close_open()
        yield from self._translation.unsaid()
        if isinstance(self._raised, _LEFT):
            self._run.stop.request(ExitCode.INTERRUPTED)
        elif is_named(self._raised, "StoppedError"):
            self._run.outcome.interrupted = True
        elif self._raised is not None:
            self._run.outcome.owner = self._tracker.owner_of(self._raised)
            raise self._raised
        else:
            with suppress(AgentError):  # a program's own run may well come to nothing
                yield from self._translation.chunks.finish()


def _response(written: Any) -> Any:
    """A model's result as LangChain hands it to callbacks: of a message, a text, or nothing."""
    if written is not None and not hasattr(written, "generation_info"):
        written = SimpleNamespace(message=written)
    return SimpleNamespace(generations=[[]] if written is None else [[written]])


def _retry(span: Span, told: dict[str, Any]) -> ev.Retry:
    attempt = int(told["attempt"])
    data = ev.RetryData(attempt=attempt, max_attempts=attempt, delay_s=0.0, reason=told["message"])
    return ev.Retry(data=data, **envelope(span))
