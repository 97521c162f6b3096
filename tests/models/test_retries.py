"""Retries one can see, on a real socket."""

from __future__ import annotations

import email.utils
import socket
from collections.abc import Callable
from typing import Any

import openai
import pytest

from catagent.errors import ModelError, NetworkError, UsageError
from catagent.events.types import RetryData
from catagent.failures.classify import classify
from catagent.failures.limits import retry_after
from catagent.models.factory import Models
from catagent.models.openai_client.reaching import parse_url
from tests.models.conftest import UseModels
from tests.support.replies import Reply, failing, streaming_deltas
from tests.support.server import Request, ScriptedServer

pytestmark = pytest.mark.versions

QUICKLY = {"retry_after": "0.01"}


async def ask(models: Models) -> str:
    return "".join([chunk.text async for chunk in models.tool.astream("hi")])


async def ask_synchronously(models: Models) -> str:
    return str(models.tool.invoke("hi").content)


def failing_first(times: int, failure: Reply) -> Callable[[Request], Reply]:
    return lambda request: failure if request.index < times else Reply(["well"])


@pytest.mark.parametrize("asking", [ask, ask_synchronously])
@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_passing_failure_is_retried_and_reported(
    use_models: UseModels, asking: Any, status: int
) -> None:
    reported: list[RetryData] = []
    with ScriptedServer(failing_first(2, failing(status, **QUICKLY))) as server:
        answer = use_models(asking, server.url, retries=2, on_retry=reported.append)
        assert len(server.requests) == 3
    assert answer == "well"
    assert [(retry.attempt, retry.max_attempts) for retry in reported] == [(1, 2), (2, 2)]
    assert {(retry.status_code, retry.delay_s) for retry in reported} == {(status, 0.01)}


@pytest.mark.parametrize("asking", [ask, ask_synchronously])
def test_retries_are_bounded(use_models: UseModels, asking: Any) -> None:
    reported: list[RetryData] = []
    with ScriptedServer(lambda _: failing(503, **QUICKLY)) as server:
        with pytest.raises(Exception, match="503") as raised:
            use_models(asking, server.url, retries=2, on_retry=reported.append)
        assert len(server.requests) == 3
    assert len(reported) == 2
    assert isinstance(classify(raised.value), ModelError)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_lasting_failure_is_not_retried(use_models: UseModels, status: int) -> None:
    with ScriptedServer(lambda _: failing(status)) as server:
        with pytest.raises(Exception, match=str(status)):
            use_models(ask, server.url, retries=2)
        assert len(server.requests) == 1


def test_x_should_retry_false_is_not_retried(use_models: UseModels) -> None:
    with ScriptedServer(lambda _: failing(503, x_should_retry="false")) as server:
        with pytest.raises(Exception, match="503"):
            use_models(ask, server.url, retries=2)
        assert len(server.requests) == 1


def test_a_retry_after_of_hours_is_not_waited_for(use_models: UseModels) -> None:
    with ScriptedServer(lambda _: failing(429, retry_after="3600")) as server:
        with pytest.raises(Exception, match="429"):
            use_models(ask, server.url, retries=2)
        assert len(server.requests) == 1


def test_a_refused_connection_is_retried_and_explained(use_models: UseModels) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        reported: list[RetryData] = []
        with pytest.raises(openai.APIConnectionError) as raised:
            use_models(ask, url, retries=1, on_retry=reported.append)
    assert len(reported) == 1
    error = classify(raised.value)
    assert isinstance(error, NetworkError)
    assert "refused" in error.message
    assert "OPENAI_BASE_URL" in error.hint


def test_a_stream_that_broke_off_is_not_retried(use_models: UseModels) -> None:
    """The tokens so far have been shown already."""
    reply = Reply(["a", "b", "c"], fault="disconnect", fault_after=2)
    reported: list[RetryData] = []
    with ScriptedServer(lambda _: reply) as server:
        with pytest.raises(openai.APIConnectionError) as raised:
            use_models(ask, server.url, retries=2, on_retry=reported.append)
        assert len(server.requests) == 1
    assert reported == []
    assert "broke off" in classify(raised.value).message


def test_connections_are_shared_and_closed(use_models: UseModels) -> None:
    async def both(models: Models) -> None:
        await ask(models)
        await models.agent.ainvoke("hi")
        assert len(server.connections) == 1

    with ScriptedServer(lambda _: Reply(["well"])) as server:
        use_models(both, server.url)
        assert server.wait_closed()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        ("2", 2.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        (email.utils.formatdate(1030, usegmt=True), 30.0),
        (email.utils.formatdate(10, usegmt=True), 0.0),
        ("soon", None),
        ("99999", 99999.0),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, now=1000.0) == seconds


@pytest.mark.parametrize(("value", "seconds"), [("1500", 1.5), ("soon", 7.0), ("-1", 0.0)])
def test_retry_after_ms_counts_before_retry_after(value: str, seconds: float) -> None:
    assert retry_after({"retry-after-ms": value, "retry-after": "7"}, now=0.0) == seconds
    assert retry_after({}, now=0.0) is None


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 7m12s.", 432.0),
        ("Please try again in 1h2m3.5s.", 3723.5),
        ("Please try again in 820ms.", 0.82),
        ("Please try again in 1.2s.", 1.2),
        ("Please retry in 2m.", 120.0),
        ('"retryDelay": "3s"', 3.0),
        ("Please try again in a while.", None),
    ],
)
def test_a_wait_in_words_is_in_any_units(words: str, seconds: float | None) -> None:
    assert retry_after({}, 0.0, words) == (seconds and pytest.approx(seconds))


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_that_is_too_long_is_named_in_the_error(
    use_models: UseModels, status: int
) -> None:
    refusing = ScriptedServer(lambda _: failing(status, retry_after="3600"))
    with refusing as server, pytest.raises(openai.APIError) as raised:
        use_models(ask, server.url, retries=2)
    assert "asks to wait 3600 s" in classify(raised.value).hint


@pytest.mark.parametrize("asking", [ask, ask_synchronously])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_to_another_server_is_followed(
    use_models: UseModels, asking: Any, status: int
) -> None:
    with ScriptedServer(lambda _: Reply(["well"])) as other:
        location = f"{other.url}/chat/completions"
        redirect = Reply(status=status, headers={"location": location})
        with ScriptedServer(lambda _: redirect) as server, pytest.raises(Exception) as raised:  # noqa: PT011
            use_models(asking, server.url)
        error = classify(raised.value)
        assert other.accepted == 0
    assert isinstance(error, NetworkError)
    assert other.url.removesuffix("/v1") in error.message
    assert error.hint.endswith(f"set OPENAI_BASE_URL={other.url}")


@pytest.mark.parametrize(
    "location", ["http://elsewhere.invalid/login", "file:///etc/passwd", "//x"]
)
def test_a_redirect_to_a_web_page_suggests_no_address(use_models: UseModels, location: str) -> None:
    redirect = Reply(status=302, headers={"location": location})
    with ScriptedServer(lambda _: redirect) as server, pytest.raises(Exception) as raised:  # noqa: PT011
        use_models(ask, server.url)
    error = classify(raised.value)
    assert "not sent there" in error.message
    assert error.hint.endswith("to the address of its API")


def test_a_redirect_within_the_server_is_followed(use_models: UseModels) -> None:
    def script(request: Request) -> Reply:
        where = {"location": "/v2/chat/completions"}
        return Reply(["well"]) if request.index else Reply(status=307, headers=where)

    with ScriptedServer(script) as server:
        assert use_models(ask, server.url) == "well"


def test_a_call_of_the_old_kind_is_read_after_a_redirect(use_models: UseModels) -> None:
    called = streaming_deltas({"function_call": {"name": "f", "arguments": "{}"}})

    def script(request: Request) -> Reply:
        where = {"location": "/v2/chat/completions"}
        return called if request.index else Reply(status=307, headers=where)

    async def calls(models: Models) -> list[str]:
        return [call["name"] for call in (await models.tool.ainvoke("hi")).tool_calls]

    with ScriptedServer(script) as server:
        assert use_models(calls, server.url) == ["f"]


def test_a_broken_base_url_with_a_login_is_not_quoted() -> None:
    with pytest.raises(UsageError) as raised:
        parse_url("http://user:hunter2/pass@127.0.0.1:1/v1")
    assert "hunter2" not in raised.value.message
