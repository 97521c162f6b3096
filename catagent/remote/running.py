"""The runs that a server has: those that go on, the one of a thread, and how one ended."""

import asyncio
from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

import httpx
import msgspec
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError
from msgspec import Struct

from catagent.errors import NetworkError, UsageError
from catagent.remote.objects import Json
from catagent.remote.threads import found

_Kind = TypeVar("_Kind")
_GOING = ("running", "pending")
_MOST = 100
_ALL = "without --thread all that runs is shown"
# How often, and after how many seconds, to ask again for the end of a run whose stream has ended.
_ENDS, _SOON_S = 20, 0.1


class There(Struct, frozen=True):
    """A run as a server lists it: LangGraph's own has `kwargs`, Aegra `input`."""

    run_id: UUID
    thread_id: UUID
    assistant_id: str = ""
    status: str = ""
    created_at: str = ""
    kwargs: Json = {}
    input: Any = None
    error_message: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The ids of its thread and its own, safe to name a file with."""
        return str(self.thread_id), str(self.run_id)

    @property
    def goes_on(self) -> bool:
        """Whether it runs, or is to run."""
        return self.status in _GOING

    @property
    def given(self) -> Any:
        """What it was started with, as far as the server says: an input, or an answer."""
        command = self.kwargs.get("command")
        resumed = command.get("resume") if isinstance(command, dict) else None
        return self.kwargs.get("input", self.input) if resumed is None else {"resume": resumed}


class _Thread(Struct):
    thread_id: UUID
    error: Json | str | None = None


class State(Struct):
    """The state of a thread: what its graph has come to, what it asks, and why it failed."""

    values: Any = None
    next: list[str] = []
    interrupts: list[Json] = []
    tasks: list[Json] = []


async def going_on(client: LangGraphClient, graph: str, but: Collection[str]) -> list[There]:
    """What runs now, of `graph` if it has a name: one run of each thread that is not in `but`."""
    metadata = {"graph_id": graph} if graph else None
    threads = await client.threads.search(status="busy", metadata=metadata, limit=_MOST)
    new = []
    for thread in (str(each.thread_id) for each in _as(list[_Thread], threads)):
        if thread not in but:
            runs = [each for each in await _listed(client, thread) if each.goes_on]
            new += [min(runs, key=_turn)] if runs else []
    return new


def _turn(run: There) -> tuple[bool, str]:
    """What runs comes before what is to run."""
    return run.status != "running", run.created_at


async def one(client: LangGraphClient, thread: str, run_id: str | None) -> There:
    """The run of this id in a thread, which may have a name of ours.

    Without one that which goes on there, else the last that ended. Raises UsageError for none.
    """
    if (there := await found(client, thread)) is None:
        raise UsageError(f"the server has no thread {thread}", _ALL)
    if run_id is None:
        runs = await _listed(client, there.id)
        going = [each for each in runs if each.goes_on]
        if not runs:
            raise UsageError(f"nothing has run in the thread {thread} yet", _ALL)
        return min(going, key=_turn) if going else max(runs, key=lambda each: each.created_at)
    try:
        return _as(There, await client.runs.get(there.id, run_id))
    except httpx.HTTPStatusError as error:
        if error.response.status_code not in (404, 422):
            raise
        raise UsageError(f"no run {run_id} is in the thread {thread}", _ALL) from error


async def _listed(client: LangGraphClient, thread_id: str) -> list[There]:
    return _as(list[There], await client.runs.list(thread_id, limit=_MOST))


def _as(kind: type[_Kind], told: Any) -> _Kind:
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        raise NetworkError(f"The server answers in a form that is not known: {error}.") from error


async def graph_of(client: LangGraphClient, run: There) -> str:
    """The id of the graph that runs."""
    try:
        return str((await client.assistants.get(run.assistant_id))["graph_id"])
    except (httpx.HTTPError, LookupError, TypeError):
        return run.assistant_id


class Ended(Struct):
    """How a run ended, by its `status`; what it raised, and the `state` where that is known."""

    status: str
    error: Json | str
    state: State


async def ended(client: LangGraphClient, run: There) -> Ended:
    """What the server says of a run whose stream has ended.

    Its thread says what state it left, and why it failed, unless another has run there since. Where
    the thread was removed with the run, the stream has said all: that it failed, too.
    """
    try:
        now = await _settled(client, run)
        error = now.error_message or "the server does not say why"
        runs = await _listed(client, run.key[0])
        if any(each.created_at > now.created_at for each in runs):
            return Ended(now.status, error, State())
        thread = _as(_Thread, await client.threads.get(run.key[0]))
        state = _as(State, await client.threads.get_state(run.key[0]))
    except NotFoundError:
        return Ended("success", "", State())
    return Ended(now.status, thread.error or error, state)


async def _settled(client: LangGraphClient, run: There) -> There:
    """The run as it is listed once it has ended, which is a little after its stream."""
    for _ in range(_ENDS):
        now = _as(There, await client.runs.get(*run.key))
        if not now.goes_on:
            break
        await asyncio.sleep(_SOON_S)
    return now
