"""Every run of the programs that are watched, each a session of its own, while they happen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Container, Sequence
from contextlib import AbstractContextManager
from dataclasses import KW_ONLY, dataclass, field
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
from catagent.watch.process import Followed, Process
from catagent.watch.records import Record
from catagent.watch.segments import remove, segments
from catagent.watch.source import RunRecords

# So many records of a process are read before its runs report what is in them.
_AT_ONCE = 500
# How long to wait for new ones: after there were some, and when there were none for a while.
_BUSY_S, _IDLE_S = 0.005, 0.02
# Where a person's question stands in an input without messages.
_QUESTIONS = ("input", "question", "query", "messages")

Keep = Callable[[str], AbstractContextManager[list[RecorderSink]]]


@dataclass(eq=False)
class Watched:
    """The runs of all processes whose records are in `folder`, of those in `only` if that is given.

    What is emitted of every run goes to `sinks` and `recorders`, and to what `keep` opens for its
    id. Only runs that `choose` wants, by their first event, are followed. `on_end` gets the session
    of each that has ended. `secrets` are masked, and those of the programs. `processes` are known
    by their keys; `ended_by` may say how one ended ("killed by SIGKILL"), by its number.
    """

    folder: Path
    _: KW_ONLY
    sinks: Sequence[Sink]
    keep: Keep
    recorders: Sequence[RecorderSink] = ()
    filters: Filters = field(default_factory=Filters)
    secrets: Collection[str] = ()
    stop: Stop = field(default_factory=Stop)
    only: Container[str] | None = None
    choose: Callable[[ev.RunStarted], bool] = lambda _: True
    on_end: Callable[[Session], None] = lambda _: None
    processes: dict[str, Process] = field(default_factory=dict, init=False)
    ended_by: dict[int, str] = field(default_factory=dict, init=False)
    _followed: dict[str, Followed] = field(default_factory=dict, init=False)
    _open: dict[Session, Process] = field(default_factory=dict, init=False)
    _driven: dict[RunRecords | None, asyncio.Task[None]] = field(default_factory=dict, init=False)

    async def follow(self, is_over: Callable[[], bool]) -> None:
        """Follow them until that `is_over` and all is read, or it is time to stop."""
        pause = _BUSY_S
        async with asyncio.TaskGroup() as group:
            while self.stop.why is None:
                last = is_over()
                self._look()
                followed = list(self._followed.values())
                is_busy = any([await self._read(one, group, last=last) for one in followed])
                if last and not is_busy:
                    break
                pause = _BUSY_S if is_busy else min(_IDLE_S, pause * 1.5)
                await asyncio.sleep(0 if is_busy else pause)
            for session, process in self._open.items():  # they go on without us
                if process.is_alive:
                    session.stop.request(ViewerLeftError("The viewer left before the run ended."))
            for one in list(self._followed.values()):
                self._let_go(one)

    def _look(self) -> None:
        """Take note of the processes that are new, the oldest first."""
        new = (key for key in segments(self.folder) if key not in self.processes)
        for key in sorted(new, key=lambda key: int(key.partition("-")[2], 16)):
            if self.only is not None and key not in self.only:
                continue
            one = Followed(self.folder, key)
            for before in self._followed.values():  # in whose place another program is, by `exec`
                before.process.is_alive &= before.process.pid != one.process.pid
            self._followed[key], self.processes[key] = one, one.process

    async def _read(self, one: Followed, group: asyncio.TaskGroup, *, last: bool) -> bool:
        """Read some of what there is, and let the runs report it; return whether there was any."""
        is_gone, found = one.is_gone(at_once=last), False
        for record in one.records(_AT_ONCE):
            found = True
            if one.begins(record):
                self._begin(one, record, group)
            elif (task := self._driven.pop(one.take(record), None)) is not None:
                await asyncio.wait((task,))  # it ends before what came after it begins
        await asyncio.sleep(0)
        if is_gone and not found:
            how = self.ended_by.get(one.process.pid)
            self._let_go(one, f"The program ended{f' ({how})' if how else ''} before the run did.")
            remove(self.folder, one.process.key)
        return found

    def _let_go(self, one: Followed, *why: str) -> None:
        one.end(*why)
        del self._followed[one.process.key]

    def _begin(self, one: Followed, start: Record, group: asyncio.TaskGroup) -> None:
        """A root run began."""
        started = _started(one.process, start, self.filters)
        run = RunRecords(start[1], is_wanted=self.choose(started))
        one.join(run, start)
        if run.is_wanted:
            one.process.runs += 1
            driven = self._drive(started, run, one)
            self._driven[run] = group.create_task(driven)

    async def _drive(self, started: ev.RunStarted, run: RunRecords, one: Followed) -> None:
        times, mask = (run.clock.of_day, run.clock), EventMask({*self.secrets, *one.secrets})
        with self.keep(started.run_id) as kept:
            recorders = [*kept, *self.recorders]
            session = Session(Broadcast(self.sinks, recorders, self.filters, mask, *times))
            self._open[session] = one.process
            await session.drive(started, run.events(session.attached(run.agent_run())))
            del self._open[session]
        run.is_wanted = False
        self.on_end(session)


def _started(process: Process, start: Record, filters: Filters) -> ev.RunStarted:
    """The first event of a root run."""
    about = start[4]
    thread = (about.get("metadata") or {}).get("thread_id")
    data = ev.RunStartedData(
        agent=about.get("name") or start[3],
        mode="events",
        input=_question(about.get("input")),
        thread_id=None if thread is None else str(thread),
        filters=filters.as_dict(),
        versions=process.versions,
        pid=process.pid,
        program=process.program,
    )
    return ev.RunStarted(run_id=about["id"], name=data.agent, data=data)


def _question(given: Any) -> Any:
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
        case ["human" | "user", str(text)] | {"role": "human" | "user", "content": str(text)}:
            return text
    return message_text(message) if is_message(message) and message.type == "human" else None
