"""A run on a server, and what it streams: each part once, whatever connections break."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import httpx
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.schema import StreamPart


class RemoteRun:
    """A run on a thread of a server: a new one of this `body`, or the one called `run_id`.

    `body` is what the API takes to create one. `run_id` is "" until the server has said it.
    `on_lost` hears why the connection is being taken up again, and "" when it has been.
    """

    def __init__(
        self,
        client: LangGraphClient,
        thread_id: str,
        run_id: str = "",
        *,
        body: Mapping[str, Any] | None = None,
        on_lost: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.thread_id, self.run_id = thread_id, run_id
        self._client, self._on_lost = client, on_lost
        self._body = dict(body or {})

    async def start(self) -> None:
        """Create it, without a stream."""
        path = f"/threads/{self.thread_id}/runs"
        made = await self._client.http.post(path, json=self._request())
        self.run_id = made["run_id"]

    async def parts(self) -> AsyncGenerator[StreamPart, None]:
        """What it streams, from its beginning where the server has that, up to its end.

        Raises NetworkError where the connection cannot be taken up again.
        """
        path = f"/threads/{self.thread_id}/runs"
        if self.run_id:
            stream = self._client.http.stream(
                f"{path}/{self.run_id}/stream", "GET", headers={"Last-Event-ID": "-1"}
            )
        else:
            stream = self._client.http.stream(
                f"{path}/stream", "POST", json=self._request(), on_response=self._created
            )
        async for part in stream:
            yield part

    def _created(self, response: httpx.Response) -> None:
        self.run_id = response.headers.get("content-location", "").rpartition("/")[2]

    def _request(self) -> dict[str, Any]:
        ours = {"stream_resumable": True, "on_disconnect": "continue"}
        return {**ours, **self._body}

    async def cancel(self) -> None:
        """Have the server end it; quiet where it has ended, or was never created."""
        if self.run_id:
            with contextlib.suppress(httpx.HTTPError):
                await self._client.runs.cancel(self.thread_id, self.run_id)
