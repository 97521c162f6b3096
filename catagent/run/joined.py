"""Runs on a server that others have started there, each a session of its own, while they happen."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from msgspec.structs import replace

from catagent.config import Loaded
from catagent.errors import ExitCode, NetworkError, ViewerLeftError
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.remote.address import Address
from catagent.remote.answers import understood
from catagent.remote.client import open_client
from catagent.remote.failures import pause_of
from catagent.remote.joined import Joined
from catagent.remote.reading import Reading
from catagent.remote.refusals import error_of
from catagent.remote.running import Ended, There, ended, going_on, graph_of, one
from catagent.remote.stream import RemoteRun
from catagent.run.event_loop import unless_due
from catagent.run.session import Session
from catagent.run.watched import Followed, question_of
from catagent.sources.base import AgentRun, EventStream

# How often the server is asked for new runs, how often in a row it may fail to answer, and how many
# runs are read at once: each keeps a connection, and others wait.
_POLL_S, _FAILURES, _MOST = 1.0, 5, 50
_LOOKS = 20
_GONE = "The server has no more what this run streamed before it was joined."
_RESUMABLE = "it keeps what runs stream that are started with stream_resumable"
_LEFT = "The viewer left before the run ended. It goes on, on its server."
_NOTHING = "This run has ended, and the server keeps nothing of what it streamed."


@dataclass(kw_only=True, eq=False)
class JoinedRuns(Followed):
    """What runs on the server of `address`, or one run of the thread called `thread_id`.

    That is the one called `run_id`, else the one that goes on there, or the last. `left` are the
    ids of threads and runs that had not ended when this did. A connection that is being taken up
    again goes to `on_status`, in words, and "" once it has been.
    """

    address: Address
    loaded: Loaded
    thread_id: str | None = None
    run_id: str | None = None
    on_status: Callable[[str], object] = lambda _: None

    def __post_init__(self) -> None:
        self._reading: dict[asyncio.Task[None], There] = {}
        self._sessions: dict[Session, There] = {}
        self.left = list[tuple[str, str]]()
        self._seen = set[str]()
        self._failures = _FAILURES - 1  # the first answer is to come

    async def follow(self) -> ExitCode:
        """Follow the one to its end, or all until it is time to stop; return the one's exit code.

        The server's runs go on. Raises UsageError where there is no such run, NetworkError where
        there is no server.
        """
        self._code = ExitCode.OK
        async with open_client(self.address, self.loaded) as self._client:
            while self.stop.why is None and (self._reading or not (self.thread_id and self._seen)):
                await unless_due(self.stop, self._look())
                await self._wait()
            self.left += (run.key for run in self._sessions.values())
            for session in self._sessions:
                session.cancel(ViewerLeftError(_LEFT))
            await asyncio.gather(*self._reading)
        return self._code

    async def _look(self) -> None:
        """Begin to read what is new."""
        try:
            with understood():
                found = await self._new()
            self._failures = 0
        except (httpx.HTTPError, NetworkError, ValueError):
            self._failures += 1
            if self._failures >= _FAILURES and not self._reading:  # which say so, each by itself
                raise
            return
        for run in found:
            if run.key[1] not in self._seen and len(self._reading) < _MOST:
                self._seen.add(run.key[1])
                self._reading[asyncio.create_task(self._drive(run))] = run

    async def _new(self) -> list[There]:
        if self.thread_id is None:
            threads = {run.key[0] for run in self._reading.values()}
            return await going_on(self._client, self.address.graph, threads)
        return [] if self._seen else [await one(self._client, self.thread_id, self.run_id)]

    async def _wait(self) -> None:
        """Wait until it is time to look again, or there is nothing to wait for."""
        for _ in range(_LOOKS):
            done = {task for task in self._reading if task.done()}
            for task in done:
                del self._reading[task]
                await task
            if self.stop.why is not None or (self.thread_id and not self._reading):
                return
            await asyncio.sleep(_POLL_S / _LOOKS)

    async def _drive(self, run: There) -> None:
        address = replace(self.address, graph=await graph_of(self._client, run))
        started = _started(run, address, self.filters)
        if not self.choose(started):
            return
        with self.session(started.run_id, address.secrets) as session:
            self._sessions[session] = run
            await session.drive(started, self._events(run, address.graph, session))
            del self._sessions[session]
            self._code = session.exit_code

    async def _events(self, run: There, graph: str, session: Session) -> EventStream:
        """What the run streams, and how it ended, as events. Raises what ended it."""
        reading = _Reading(session.attached(AgentRun.elsewhere()), run, graph)
        try:
            async for part in RemoteRun(self._client, *run.key, on_lost=self.on_status).parts():
                for event in reading.read(part.event, part.data):
                    yield event
            end = await ended(self._client, run)
        except Exception as error:
            if (known := error_of(error, self.address)) is None:
                raise
            raise known from error
        for event in reading.finish(end):
            yield event


def _started(run: There, address: Address, filters: Filters) -> ev.RunStarted:
    """The first event of a run: its agent is the address, as it is where it is asked from here."""
    data = ev.RunStartedData(
        agent=str(address),
        mode="events",
        input=question_of(run.given),
        thread_id=run.key[0],
        filters=filters.as_dict(),
    )
    return ev.RunStarted(run_id=run.key[1], name=address.graph, data=data)


class _Reading:
    """Reads what a run streams, whichever modes its client has started it in."""

    def __init__(self, agent_run: AgentRun, run: There, name: str) -> None:
        self._agent_run, self._run, self._name = agent_run, run, name
        self._reader: Reading | Joined | None = None
        self._has_beginning = False
        self._error: Any = None

    def read(self, event: str, data: Any) -> Iterator[ev.Event]:
        """What one part says."""
        self._has_beginning |= event == "metadata"
        if event == "error":  # its words may be elsewhere
            self._error = data
        elif self._reader is not None:
            yield from self._reader.read(event, data)
        elif event not in ("metadata", "end"):
            modes = self._run.kwargs.get("stream_mode")
            self._reader = self._of(modes if modes and isinstance(modes, str | list) else event)
            if not self._has_beginning:
                yield _warning("no_beginning", _GONE, _RESUMABLE)
            if isinstance(self._reader, Joined):
                yield from self._reader.begin(self._run.given)
            yield from self._reader.read(event, data)

    def _of(self, modes: Any) -> Reading | Joined:
        if "events" in modes:
            return Reading(self._agent_run, self._run.key[1])
        late = not self._has_beginning
        return Joined(self._agent_run, self._run.key[1], self._name, is_late=late)

    def finish(self, end: Ended) -> Iterator[ev.Event]:
        """How it ended, and what of that was not streamed. Raises what ended it."""
        if self._reader is None:
            yield _warning("no_beginning", _NOTHING, _RESUMABLE)
            self._reader = Joined(self._agent_run, self._run.key[1], self._name)
            yield from self._reader.begin(self._run.given)
        self._reader.settle(end)
        if self._error is not None:
            yield from self._reader.read("error", self._error)
        elif isinstance(self._reader, Reading):
            self._reader.had.tracker.pause(None, map(pause_of, end.state.interrupts))
        yield from self._reader.finish()


def _warning(code: str, words: str, hint: str) -> ev.Warned:
    return ev.Warned(data=ev.WarningData(code=code, message=words, hint=hint))
