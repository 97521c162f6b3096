"""Every run of the programs that are watched, each a session of its own, while they happen."""

import asyncio
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catagent.errors import ViewerLeftError
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.events.masking import EventMask
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session
from catagent.sinks.base import RecorderSink, Sink
from catagent.sources.kinds import is_message
from catagent.sources.messages import message_text, plain_content
from catagent.sources.nodes import items_of
from catagent.stop import Stop
from catagent.watch.following import Following
from catagent.watch.process import Process
from catagent.watch.source import Record, RunRecords

# Where a person's question stands in an input without messages.
_QUESTIONS = ("input", "question", "query", "messages")

Keep = Callable[[str], AbstractContextManager[list[RecorderSink]]]


@dataclass(kw_only=True, eq=False)
class Followed:
    """Runs that others have started, each a session of its own.

    What is emitted of every run goes to `sinks` and `recorders`, and to what `keep` opens for its
    id. Only runs that `choose` wants, by their first event, are followed. `on_end` gets the session
    of each that has ended. `secrets` are masked.
    """

    sinks: Sequence[Sink]
    keep: Keep
    recorders: Sequence[RecorderSink] = ()
    filters: Filters = field(default_factory=Filters)
    secrets: Iterable[str] = ()
    stop: Stop = field(default_factory=Stop)
    choose: Callable[[ev.RunStarted], bool] = lambda _: True
    on_end: Callable[[Session], None] = lambda _: None

    @contextmanager
    def session(self, run_id: str, secrets: Iterable[str], *clocks: Any) -> Iterator[Session]:
        """Open that of a run, with secrets of its own, on the wall clock and clock given."""
        mask = EventMask({*self.secrets, *secrets})
        with self.keep(run_id) as kept:
            outputs = self.sinks, [*kept, *self.recorders], self.filters, mask
            session = Session(Broadcast(*outputs, *clocks))
            yield session
        self.on_end(session)


@dataclass(kw_only=True, eq=False)
class Watched(Followed):
    """The runs of all processes whose records are in `folder`, of those in `only` if that is given.

    Secrets of the programs are masked, too. `ended_by` may say how a process ended ("killed by
    SIGKILL"), by its number.
    """

    folder: Path
    only: Container[str] | None = None
    ended_by: dict[int, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._open: dict[Session, Process] = {}
        self._following = Following(self.folder, self._begin, self._why, self.only)

    @property
    def processes(self) -> Collection[Process]:
        """All that were seen."""
        return self._following.processes.values()

    async def follow(self, is_over: Callable[[], bool]) -> None:
        """Follow them until `is_over` and all is read, or it is time to stop."""
        async with asyncio.TaskGroup() as self._group:
            await self._following.follow(is_over, self.stop)
            for session, process in self._open.items():  # they go on without us
                if process.is_alive:
                    session.stop.request(ViewerLeftError("The viewer left before the run ended."))
            self._following.close()

    def _why(self, process: Process) -> str:
        how = self.ended_by.get(process.pid)
        return f"The program ended{f' ({how})' if how else ''} before the run did."

    def _begin(self, process: Process, start: Record) -> RunRecords:
        """A root run began."""
        started = _started(process, start, self.filters)
        run = RunRecords(start[1], is_wanted=self.choose(started))
        if run.is_wanted:
            process.runs += 1
            run.reading = self._group.create_task(self._drive(started, run, process))
        return run

    async def _drive(self, started: ev.RunStarted, run: RunRecords, process: Process) -> None:
        clocks = run.time_of_day, run.clock
        with self.session(started.run_id, process.secrets, *clocks) as session:
            self._open[session] = process
            await session.drive(started, run.events(session.attached(run.agent_run())))
            del self._open[session]
            run.is_wanted = False


def _started(process: Process, start: Record, filters: Filters) -> ev.RunStarted:
    """The first event of a root run."""
    about = start[4]
    thread = (about.get("metadata") or {}).get("thread_id")
    data = ev.RunStartedData(
        agent=about.get("name") or start[3],
        mode="events",
        input=question_of(about.get("input")),
        thread_id=None if thread is None else str(thread),
        filters=filters.as_dict(),
        versions=process.versions,
        pid=process.pid,
        program=process.program,
    )
    return ev.RunStarted(run_id=about["id"], name=data.agent, data=data)


def question_of(given: Any) -> Any:
    """The question in an input, where it has one, else all of it as plain data."""
    state = {"messages": given} if isinstance(given, list) else given
    if (answer := getattr(given, "resume", None)) is not None:  # LangGraph's Command
        return {"resume": plain_content(answer)}
    if not isinstance(state, dict):
        return plain_content(given)
    said = map(_said_by_a_person, reversed(list(items_of(state.get("messages")))))
    named = (state.get(name) for name in _QUESTIONS)
    return next((text for text in (*said, *named) if isinstance(text, str)), plain_content(given))


def _said_by_a_person(message: Any) -> str | None:
    match message:
        case (
            ["human" | "user", str(text)]
            | {"role": "human" | "user", "content": str(text)}
            | {"type": "human", "content": str(text)}
        ):
            return text
    return message_text(message) if is_message(message) and message.type == "human" else None
