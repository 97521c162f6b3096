"""A run whose agent runs in an interpreter of its own, and is watched from here.

`agents/driver` runs it there. The observer in that process writes down what LangChain does, and
what is read of it becomes the events of mode `events`.
"""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

from catagent import __version__
from catagent.agents.code import Code
from catagent.agents.driver import __main__
from catagent.errors import AgentError, UsageError
from catagent.events import types as ev
from catagent.failures.classify import Owner
from catagent.run.event_loop import on_thread, unless_due
from catagent.run.runner import Run
from catagent.sources.base import EventStream
from catagent.sources.kinds import load_langchain
from catagent.sources.standins import Exceptions
from catagent.stop import Stop
from catagent.variables import offline
from catagent.watch import folders
from catagent.watch.following import Following
from catagent.watch.process import Process
from catagent.watch.program import variables
from catagent.watch.source import Record, RunRecords

_NOT_KEPT = "The process of the agent has ended, and nothing is kept of it."


class RunElsewhere(Run):
    """One run of a request's agent with the request's `python`."""

    async def drive(self) -> ev.RunFinished:
        """Run to the end, and return it. Raises UsageError where the interpreter does not start."""
        self._on_status(f"starting {self._request.python}")
        await self._start()
        try:
            await unless_due(self.session.stop, self._hear("versions"))
            return await self._drive({"catagent": __version__, **self._told.get("versions", {})})
        finally:
            await self._end()

    async def describe(self) -> dict[str, Any]:
        """What the request's agent takes and gives, as it is there."""
        described: dict[str, Any] = await self._done("describe")
        return described

    async def undo(self) -> None:
        """Have the request's agent take the last turn out of its thread, there."""
        await self._done("undo")

    async def _done(self, what: str) -> Any:
        """Have the driver do something other than run the agent; return what came of it."""
        await self._start()
        try:
            self._ask(what)
            await self._hear()
        finally:
            await self._end()
        if "done" not in self._told:
            raise await self._why()
        return self._told["done"]

    async def _start(self) -> None:
        self._told: dict[str, Any] = {}
        self._has_ended = False
        self._folder = folders.new_folder(self._loaded.environ)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = self._driver(theirs.fileno())
        self._heard, self._talk = await asyncio.open_connection(sock=ours, limit=1 << 24)

    def _ask(self, what: str) -> None:
        """Have the driver do this, which has told its versions and waits for it."""
        asked = {**self._asked(), "does": what}
        self._talk.write(json.dumps(asked, default=str).encode() + b"\n")

    def _driver(self, descriptor: int) -> subprocess.Popen[bytes]:
        """Start the driver. What it prints is talk: stdout is for the events."""
        environ = self._loaded.environ
        alone = {} if self._request.frozen is None else offline(environ)
        try:
            return subprocess.Popen(  # noqa: S603 - an interpreter that was named, or checked
                [str(self._request.python), __main__.__file__, str(descriptor)],
                env={**environ, **alone, **variables(environ, self._folder, tokens=True)},
                pass_fds=(descriptor,),
                stdout=2,
            )
        except OSError as error:
            message = f"cannot start {self._request.python}: {error.strerror}"
            raise UsageError(message, "name another interpreter with --python PATH") from error

    def _asked(self) -> dict[str, Any]:
        """What the driver is to do."""
        request = self._request
        code: Any = Code.named(request.agent)
        return {
            "module": code.module,
            "attribute": code.attribute,
            "file": code.file and str(code.file),
            "folders": [str(folder) for folder in code.folders],
            "name": request.agent.rpartition(":")[2],
            "input": request.given,
            "context": request.context,
            "configurable": request.configurable,
            "run_id": str(self._run_id),
            "thread_id": self._thread_id,
            "thread": self._request.thread_file,
            "keep": self._pause_file,
            "records": str(self._folder),
            "resume": request.resume and request.resume.answers,
            "breaks": request.breaks,
            "step": request.step,
            "passed": request.passed,
            "frozen": request.frozen,
        }

    async def _hear(self, last: str = "") -> None:
        """Take in what the driver says, up to this word or its end."""
        with contextlib.suppress(ConnectionError):  # what was asked was not even read
            while last not in self._told and (line := await self._heard.readline()):
                self._told |= json.loads(line)

    async def _events(self) -> EventStream:
        """The events of the agent's run. Raises what ended it, or kept it from its beginning."""
        self._ask("run")  # here: whoever has the thread has come to an end by now
        await on_thread(load_langchain)  # while the driver loads its own
        self._begun: asyncio.Future[RunRecords] = asyncio.get_running_loop().create_future()
        following = asyncio.create_task(self._follow())
        try:
            await asyncio.wait((self._begun, following), return_when=asyncio.FIRST_COMPLETED)
            self._on_status("")
            if not self._begun.done():
                raise await self._why()
            run = self._begun.result()
            async for event in run.events(self.session.attached(run.agent_run())):
                self._note(event)
                yield event
            await self._ended(following)
        except Exception as raised:
            await asyncio.wait((following,), timeout=self.session.stop.patience(0.5))
            if "traceback" in self._told:
                raised.add_note(self._told["traceback"])
            raise
        finally:
            following.cancel()
            await self._end()

    async def _ended(self, following: asyncio.Task[None]) -> None:
        """Wait for the driver to end. Raises what its agent raised in closing.

        One that takes its time is waited for only where it has a pause to keep.
        """
        waits = self.session.outcome.interrupted
        patience = None if waits else self.session.stop.patience(0.5)
        await asyncio.wait((following,), timeout=patience)
        if "error" in self._told:
            raise await self._why()
        self.can_go_on = bool(self._told.get("is_graph"))

    def _pause(self, started: ev.RunStarted) -> Iterator[ev.Event]:
        yield from super()._pause(started)
        self.can_go_on = self.thread is not None  # its process has ended

    def _lost(self) -> str:
        return str(self._told.get("lost") or ("" if self._pause_file else _NOT_KEPT))

    async def _follow(self) -> None:
        """Read what the observer there writes down, until the driver has ended and all is read."""
        await self._hear("began")
        if "began" not in self._told:
            return
        why = f"{self._request.python} ended before the agent did."
        following = Following(self._folder, self._begin, lambda _: why)
        hearing = asyncio.create_task(self._hear())
        try:
            await following.follow(hearing.done, Stop())
        finally:
            following.close(why)

    def _begin(self, process: Process, start: Record) -> RunRecords:
        """The first root run since the driver began is the agent's, what a module ran is not."""
        is_late = process.pid == self._process.pid and start[1] >= self._told["began"]
        run = RunRecords(start[1], is_wanted=is_late and not self._begun.done())
        if run.is_wanted:
            self._mask.learn(process.secrets)
            self._begun.set_result(run)
        return run

    async def _why(self) -> BaseException:
        """Why there was no run."""
        told = self._told
        error: BaseException | None = Exceptions().of(told["error"]) if "error" in told else None
        if "usage" in told:
            usage = UsageError(told["usage"], told["hint"])
            usage.__cause__ = error
            return usage
        self.session.outcome.owner = Owner("node")
        if error is not None:
            return error
        code = await on_thread(self._process.wait)
        return AgentError(f"{self._request.python} ended ({code}), and no run was seen in it.")

    async def _end(self) -> None:
        """Close the socket, which cancels what still runs there, and wait no longer than we may.

        At the end of the run's events, while its thread is still its own; of one that has none
        behind that.
        """
        if self._has_ended:
            return
        self._has_ended = True
        self._talk.close()
        with contextlib.suppress(TimeoutError):
            patience = self.session.stop.patience(0.5)
            await asyncio.wait_for(on_thread(self._process.wait), patience)
        if self.session.stop.why is not None:
            self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
