"""A run on a server, and what it streams: each part once, whatever connections break.

The SDK takes a stream up again, too, from its last id on; but not before there was a response, nor
exactly (see `position.py`), and for what has no ids it goes on without what was missed. So here the
connections are ours, and the SDK decodes what comes over them.
"""

import asyncio
import contextlib
import math
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any

import httpx
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError
from langgraph_sdk.schema import StreamPart

from catagent.errors import NetworkError
from catagent.events.codec import encodable_data
from catagent.remote.connections import Outage, parts_of
from catagent.remote.position import Position, lost

_ACTIVE = ("pending", "running")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
# What a proxy says without a server, which may have got the request all the same.
_GATEWAY: tuple[int, ...] = (502, 503, 504)
_PASSING = (408, 429, *range(500, 600))
# A request that broke off may create its run a little later.
_MAY_BE_CREATED_S = 3.0
_SSE = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
_MOST_RUNS = 100
_ID = re.compile(r"[\w-]{1,100}")


class RemoteRun:
    """A run on a thread of a server: a new one of this `body`, or the one called `run_id`.

    `body` is what the API takes to create one; `run_id` is "" until the server has said it. On
    a thread that `is_new`, nobody else has runs. `on_lost` hears why the connection is being taken
    up again, and "" when it has been.
    """

    def __init__(
        self,
        client: LangGraphClient,
        thread_id: str,
        run_id: str = "",
        *,
        body: Mapping[str, Any] | None = None,
        is_new: bool = False,
        on_lost: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.thread_id, self.run_id = thread_id, run_id
        self._client, self._path = client, f"/threads/{thread_id}/runs"
        ours = {"stream_resumable": True, "on_disconnect": "continue"}
        self._body = encodable_data({**ours, **(body or {})})
        self._known: set[str] | None = set() if is_new else None
        self._is_reached, self._unclear = False, _GATEWAY
        self._opened_at = self._broke_at = math.inf
        self._position, self._outage = Position(is_ours=not run_id), Outage(on_lost)

    async def start(self) -> None:
        """Have it created, once, and leave its stream alone."""
        async with contextlib.aclosing(self.parts()) as parts:
            await anext(parts, None)
        self._position = Position(is_ours=True)

    async def parts(self) -> AsyncGenerator[StreamPart, None]:
        """What it streams, from its beginning where the server has that, up to its end.

        Raises NetworkError where the connection is lost for good, and what httpx raises where
        the server was never reached, or refuses.
        """
        if not self.run_id and self._known is None:
            self._known = await self._run_ids()
        while True:
            try:
                async with contextlib.aclosing(self._new_parts()) as parts:
                    async for part in parts:
                        yield part
                        if part.event == "end":
                            return
                if not await self._is_active():
                    return
                why: Exception = NetworkError("The stream ended before the run did.")
            except httpx.HTTPError as raised:
                if not self._may_pass(raised):
                    raise
                why = raised
            await self._outage.pause(why, time.monotonic() - self._opened_at)

    async def cancel(self) -> None:
        """Have the server end it; quiet where it has ended, or was never created."""
        with contextlib.suppress(httpx.HTTPError, NetworkError):
            if self.run_id or await self._was_created():
                await self._client.runs.cancel(self.thread_id, self.run_id)

    async def _new_parts(self) -> AsyncGenerator[StreamPart, None]:
        """The parts that come over one connection, without those that came over one before."""
        self._opened_at = math.inf
        async with self._request() as response:
            self._hear(response)
            async with contextlib.aclosing(parts_of(response)) as parts:
                async for part in parts:
                    if part.event == "metadata" and isinstance(part.data, dict):
                        self._name(part.data.get("run_id"))
                    if self._position.is_new(part):
                        self._outage.is_over()
                        yield part

    @contextlib.asynccontextmanager
    async def _request(self) -> AsyncIterator[httpx.Response]:
        """The response to a request that creates the run; where there is one, that joins it."""
        send, headers = self._client.http.client.stream, dict(_SSE)
        if self.run_id or await self._was_created():
            headers["Last-Event-ID"] = self._position.resume()
            request = send("GET", f"{self._path}/{self.run_id}/stream", headers=headers)
        else:
            self._broke_at = math.inf
            request = send("POST", f"{self._path}/stream", json=self._body, headers=headers)
        async with request as response:
            yield response

    def _hear(self, response: httpx.Response) -> None:
        self._is_reached = True
        if response.is_success:
            self._opened_at = time.monotonic()
            self._name(response.headers.get("content-location", "").rpartition("/runs/")[2])

    def _name(self, told: object) -> None:
        """Take an id that the server has told, where it is one."""
        if not self.run_id and isinstance(told, str) and _ID.fullmatch(told):
            self.run_id = told

    async def _was_created(self) -> bool:
        """Whether a request that broke off has created the run, whose id is known then.

        The API takes no id from a client. So the run is the one that its thread did not have
        before; and where it has none, a second one is created only while there is no first.
        """
        while not self.run_id and self._broke_at < math.inf:
            there = await self._run_ids()
            if len(new := there - (self._known or set())) > 1:
                raise lost("it cannot be told which of its thread's runs is this one")
            self._name("".join(new))
            if not self.run_id and time.monotonic() - self._broke_at > _MAY_BE_CREATED_S:
                if not there:  # then the server itself can see to it
                    self._body["multitask_strategy"] = "reject"
                    self._unclear = (*_GATEWAY, httpx.codes.CONFLICT)
                return False
            await asyncio.sleep(0 if self.run_id else 0.2)
        return bool(self.run_id)

    async def _run_ids(self) -> set[str]:
        try:
            runs = await self._client.runs.list(self.thread_id, limit=_MOST_RUNS)
        except NotFoundError:  # the thread is created with the run
            return set()
        return {str(run.get("run_id")) for run in runs if isinstance(run, dict)}

    async def _is_active(self) -> bool:
        """Whether the run goes on, though its stream ended.

        Raises NetworkError where that had not come to the place up to which it was read.
        """
        run: Any = None
        with contextlib.suppress(NotFoundError):
            for _ in range(2):
                run = await self._client.runs.get(self.thread_id, self.run_id)
                if not isinstance(run, dict) or run.get("status") not in _ACTIVE:
                    break
                await asyncio.sleep(0.1)  # it is said a little later
            else:
                return True
        self._position.ended(is_known=run is not None)
        return False

    def _may_pass(self, raised: httpx.HTTPError) -> bool:
        """Whether another try may not meet this, and does no harm."""
        was_reached, self._is_reached = self._is_reached, True
        is_refused = isinstance(raised, _NEVER_SENT)
        if not self.run_id and not is_refused:
            self._broke_at = min(self._broke_at, time.monotonic())
        if isinstance(raised, httpx.HTTPStatusError):
            return raised.response.status_code in (_PASSING if self.run_id else self._unclear)
        return isinstance(raised, httpx.TransportError) and (was_reached or not is_refused)
