"""A run whose agent is on a server that speaks the LangGraph API.

The server gives the run an id of its own; ours is `catagent_run` in the run's metadata there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from catagent import __version__
from catagent.agents.driver.inputs import key_of_a_question
from catagent.agents.json_schemas import input_taken
from catagent.errors import CatagentError, NetworkError, UsageError
from catagent.events import types as ev
from catagent.remote.about import forget, known, versions
from catagent.remote.address import Address
from catagent.remote.answers import IS_IT_ONE, understood
from catagent.remote.assistants import assistant
from catagent.remote.reading import MODES, Reading
from catagent.remote.threads import require_waiting
from catagent.run.event_loop import on_thread, unless_due
from catagent.run.runner import Run
from catagent.sources.base import AgentRun, EventStream

if TYPE_CHECKING:
    from langgraph_sdk.client import LangGraphClient

    from catagent.remote.stream import RemoteRun

_T = TypeVar("_T")
_RUN, _TEMPORARY = "catagent_run", "catagent_temporary"
_BUSY = "Another run goes on in this thread."
_WAITS = "this one waits until that has ended, where the server sees to that"


class RunServed(Run):
    """One run of the request's agent at its `address`.

    In the thread that the request names; else in one that is removed after the run, unless that
    waits or is left.
    """

    async def drive(self) -> ev.RunFinished:
        """Run to the end, and return it. Raises UsageError where the server cannot be asked."""
        self._refused: CatagentError | None = None
        found: dict[str, str] | None = None
        try:
            asking = self._known("versions", self._versions)
            found = await unless_due(self.session.stop, asking)
        except UsageError:
            raise
        except CatagentError as error:  # of the network: there is a run, which has failed
            self._refused = error
        finished = await self._drive({"catagent": __version__, **(found or {})})
        if finished.data.status == "error":
            forget()
        return finished

    async def detach(self) -> tuple[str, str]:
        """Start the run there, and leave it; return the ids of its thread and of its own."""
        async with self._client() as client:
            with understood():
                if not self._is_named:
                    await client.threads.create(thread_id=self._thread_id)
                remote = await self._remote(client)
            await remote.start()
            if not remote.run_id:
                raise NetworkError("The server does not say what its run is called.", IS_IT_ONE)
            return remote.thread_id, remote.run_id

    @property
    def _address(self) -> Address:
        if self._request.address is None:
            raise TypeError("the agent is not on a server")
        return self._request.address

    @property
    def _is_named(self) -> bool:
        return "thread_id" in self._request.configurable

    @property
    def _thread_id(self) -> str:
        return str(self._request.configurable.get("thread_id", self._run_id))

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[LangGraphClient]:
        self._mask.learn(self._address.secrets)
        self._on_status(f"connecting to {self._address.host}")
        remote: Any = await on_thread(partial(import_module, "catagent.remote.client"))
        async with remote.open_client(self._address, self._loaded) as client:
            yield client

    async def _versions(self) -> dict[str, str]:
        """Those that the server says it has."""
        async with self._client() as client:
            return await versions(client)

    async def _known(self, what: str, ask: Callable[[], Awaitable[_T]]) -> _T:
        return await known(self._address, self._loaded, what, ask)

    async def _events(self) -> EventStream:
        """The events of the run there, which is cancelled where this is left before its end."""
        if self._refused is not None:
            raise self._refused
        self.can_go_on, self._has_ended = True, False
        async with self._client() as client:
            with understood():
                if (resume := self._request.resume) is not None:
                    await require_waiting(client, self._thread_id, {*resume.answers})
                remote = await self._remote(client)
                thread = await self._thread(client)
                is_temporary = bool((thread.get("metadata") or {}).get(_TEMPORARY))
            if thread.get("status") == "busy":
                yield ev.Warned(data=ev.WarningData(code="thread_busy", message=_BUSY, hint=_WAITS))
            self._on_status("")
            agent_run = AgentRun.elsewhere(self._loaded.settings.max_steps)
            reading = Reading(self.session.attached(agent_run), str(self._run_id))
            try:
                async with contextlib.aclosing(self._parts(client, remote, reading)) as events:
                    async for event in events:
                        self._note(event)
                        yield event
            finally:
                if not self._has_ended:
                    is_left = self.session.stop.why is None or resume is not None
                    await self._cancel(remote, client if is_temporary and not is_left else None)
            try:
                for event in reading.finish():
                    yield event
            finally:
                if is_temporary and self._has_ended:
                    await self._forget(client)

    async def _thread(self, client: LangGraphClient) -> dict[str, Any]:
        """The thread to run in, as the server has it, made where none is named."""
        more: Any = {"if_exists": "do_nothing", "metadata": {_TEMPORARY: True}}
        named, thread_id = client.threads.get, self._thread_id
        making = partial(client.threads.create, thread_id=thread_id, **more)
        return dict(await (named(thread_id) if self._is_named else making()))

    async def _remote(self, client: LangGraphClient) -> RemoteRun:
        """The run that is to be, which the server has not heard of."""
        from catagent.remote.stream import RemoteRun

        request = self._request
        found = await self._known("assistant", partial(assistant, client, self._address))
        own = {k: v for k, v in request.configurable.items() if k != "thread_id"}
        body: dict[str, Any] = {
            "assistant_id": found.assistant,
            "stream_mode": [*MODES],
            "stream_subgraphs": True,
            "multitask_strategy": "enqueue",
            "metadata": {_RUN: str(self._run_id)},
            "config": {"configurable": own} if own else None,
            "context": request.context,
        }
        if request.resume is None:
            body["input"] = await self._input(client, found.assistant)
        elif (answers := request.resume.answers).keys() != {""}:
            body["command"] = {"resume": answers.get("", answers)}
        sent = {name: value for name, value in body.items() if value is not None}
        alone, say = not self._is_named, self._on_status
        return RemoteRun(client, self._thread_id, body=sent, is_new=alone, on_lost=say)

    async def _input(self, client: LangGraphClient, assistant_id: str) -> Any:
        """What was given, or the question where the graph takes one."""
        given = self._request.given
        if not isinstance(given, str):
            return given
        ask = partial(client.assistants.get_schemas, assistant_id)
        taken = input_taken(dict(await self._known("schemas", ask)))
        key = key_of_a_question(taken)
        if key is None:
            what = f"it takes {taken.takes}, and it is not clear where a question goes"
            raise UsageError(what, f"give it its own input: {taken.example}")
        is_message = (taken.fields[key] if key else taken.value).takes_messages
        asked: Any = [{"type": "human", "content": given}] if is_message else given
        return {key: asked} if key else asked

    async def _parts(
        self, client: LangGraphClient, remote: RemoteRun, reading: Reading
    ) -> EventStream:
        """The events of the stream's parts: from one on that lacks words, once those are known."""
        held, parts = list[Any](), remote.parts()
        async with contextlib.aclosing(parts):
            async for part in parts:
                if held or reading.lacks_words(part.event, part.data):
                    held.append(part)
                    continue
                for event in reading.read(part.event, part.data):
                    yield event
                if isinstance(reading.had.raised, CatagentError):  # of a limit
                    return
        self._has_ended = True
        if held or not reading.has_answer:
            await self._settle(client, remote, reading)
        for part in held:
            for event in reading.read(part.event, part.data):
                yield event

    async def _settle(self, client: LangGraphClient, remote: RemoteRun, reading: Reading) -> None:
        """Ask the server for what its stream has not said of the end."""
        from catagent.remote import running

        run = await running.one(client, remote.thread_id, remote.run_id)
        reading.settle(await running.ended(client, run))

    async def _cancel(self, remote: RemoteRun, forgetful: LangGraphClient | None) -> None:
        """Cancel it there; with this client remove its thread, which is of no more use."""
        with contextlib.suppress(CatagentError, TimeoutError):
            async with asyncio.timeout(self.session.stop.patience(0.5)):
                await remote.cancel()
                if forgetful is not None:
                    await self._forget(forgetful)

    async def _forget(self, client: LangGraphClient) -> None:
        """Remove the thread, unless the run waits in it."""
        if not self.session.outcome.interrupted:
            with contextlib.suppress(Exception):
                await client.threads.delete(self._thread_id)

    def _pause(self, started: ev.RunStarted) -> Iterator[ev.Event]:
        """A run that waits does so on its server."""
        return iter(())
