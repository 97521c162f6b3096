"""The HTTP clients that model requests go through, with retries one can see.

The openai SDK retries in silence; here every retry is reported, bounded, and waits as
long as the server asks for. Sitting in `send`, below the SDK and above the connection pool, it
sees refused connections and status codes alike, before anything was streamed; what breaks off
later is not sent again, because its tokens have been shown already.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from catagent.errors import NetworkError
from catagent.events.types import RetryData
from catagent.failures.limits import MAX_RETRY_AFTER_S, is_used_up, retry_after
from catagent.models.openai_client import error_bodies

MAX_DELAY_S = 8.0
# A server that was silent for so long would be silent again.
_HOPELESS = (httpx2.ReadTimeout, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
_RETRIED_STATUS = frozenset({408, 409, 429, *range(500, 600)})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request may be sent again (`max_retries`), and who hears of each time."""

    max_retries: int
    on_retry: Callable[[RetryData], None]

    def after(self, failed: httpx2.Response | httpx2.TransportError, attempt: int) -> float | None:
        """Seconds to wait before request number `attempt` + 1, or None to give up; reports it."""
        delay = _delay(failed, attempt) if attempt <= self.max_retries else None
        if delay is not None:
            retry = RetryData(
                attempt=attempt,
                max_attempts=self.max_retries,
                delay_s=round(delay, 3),
                reason=_reason(failed),
                status_code=getattr(failed, "status_code", None),
            )
            self.on_retry(retry)
        return delay


def _delay(failed: httpx2.Response | httpx2.TransportError, attempt: int) -> float | None:
    if isinstance(failed, httpx2.Response):
        if not _worth_a_retry(failed):
            return None
        asked = retry_after(failed.headers, time.time(), failed.text)
        if is_used_up(failed.text, asked):
            return None
        if asked is not None:
            return asked if asked <= MAX_RETRY_AFTER_S else None
    elif isinstance(failed, _HOPELESS):
        return None
    backoff = min(MAX_DELAY_S, 0.5 * 2.0 ** (attempt - 1))
    return backoff * random.uniform(0.75, 1.0)  # noqa: S311 - spreads clients, guards nothing


def _worth_a_retry(response: httpx2.Response) -> bool:
    asked = response.headers.get("x-should-retry")
    return asked == "true" or (asked != "false" and response.status_code in _RETRIED_STATUS)


def _reason(failed: httpx2.Response | httpx2.TransportError) -> str:
    if isinstance(failed, httpx2.Response):
        return f"HTTP {failed.status_code} {failed.reason_phrase}".strip()
    return str(failed) or type(failed).__name__


def _stay(response: httpx2.Response) -> None:
    """Refuse to be sent elsewhere: the conversation is for the server that the person named."""
    if not response.has_redirect_location:
        return
    asked = response.request.url
    try:
        sent_to = asked.join(response.headers["location"])
    except httpx2.InvalidURL:
        return  # the client says so itself
    if (asked.scheme, asked.netloc) == (sent_to.scheme, sent_to.netloc):
        return
    address = f"{sent_to.scheme}://{sent_to.netloc.decode('ascii')}"
    base, is_api, _ = sent_to.path.rpartition("/chat/completions")
    raise NetworkError(
        f"The server redirects to {address}. The conversation was not sent there.",
        "if that is the server you mean, set OPENAI_BASE_URL"
        + (f"={address}{base}" if is_api else " to the address of its API"),
    )


async def _astay(response: httpx2.Response) -> None:
    _stay(response)


class RetryingAsyncClient(openai.DefaultAsyncHttpxClient):
    """The SDK's own asynchronous client, that sends again what failed before it was answered."""

    def __init__(self, policy: RetryPolicy, **options: Any) -> None:
        super().__init__(event_hooks={"response": [_astay]}, **options)
        self._policy = policy

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send the request, and again after a failure, as the policy says."""
        attempt = 1
        while True:
            try:
                response = await super().send(request, **options)
                if response.is_success:
                    return response
                response = await error_bodies.aread(response)
                if (delay := self._policy.after(response, attempt)) is None:
                    return response
            except httpx2.TransportError as error:
                if (delay := self._policy.after(error, attempt)) is None:
                    raise
            await asyncio.sleep(delay)
            attempt += 1


class RetryingClient(openai.DefaultHttpxClient):
    """The same for synchronous calls: a plain tool that invokes its model."""

    def __init__(self, policy: RetryPolicy, **options: Any) -> None:
        super().__init__(event_hooks={"response": [_stay]}, **options)
        self._policy = policy

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send the request, and again after a failure, as the policy says."""
        attempt = 1
        while True:
            try:
                response = super().send(request, **options)
                if response.is_success:
                    return response
                response = error_bodies.read(response)
                if (delay := self._policy.after(response, attempt)) is None:
                    return response
            except httpx2.TransportError as error:
                if (delay := self._policy.after(error, attempt)) is None:
                    raise
            time.sleep(delay)
            attempt += 1
