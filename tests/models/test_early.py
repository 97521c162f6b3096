"""A connection that is there before the first request, on a real socket."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from catagent.failures.classify import classify
from catagent.models.factory import Models
from catagent.models.openai_client.address import tls_context
from catagent.models.openai_client.early import connect
from tests.models.conftest import UseModels
from tests.support.patience import prompt
from tests.support.replies import Reply
from tests.support.server import ScriptedServer
from tests.support.tls import certified
from tests.support.waiting import async_wait_until


async def ask(models: Models) -> str:
    return "".join([chunk.text async for chunk in models.agent.astream("hi")])


@pytest.fixture(params=["http", "https"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ScriptedServer]:
    """A plain server, or one whose certificate is trusted."""
    tls = None
    if request.param == "https":
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        tls = certified(authority)
    tls_context.cache_clear()
    with ScriptedServer(lambda _: Reply(["well"]), tls=tls) as scripted:
        yield scripted
    tls_context.cache_clear()


def test_the_first_request_uses_the_early_connection(
    use_models: UseModels, server: ScriptedServer
) -> None:
    async def body(models: Models) -> str:
        models.preload()
        await async_wait_until(lambda: server.accepted == 1)
        assert not server.requests
        return await ask(models) + await ask(models)

    assert use_models(body, server.url) == "wellwell"
    assert server.accepted == 1
    assert server.wait_closed()


def test_an_early_connection_that_was_hung_up_is_opened_again(
    use_models: UseModels, server: ScriptedServer
) -> None:
    """No retry is spent on it: none are allowed here."""

    async def body(models: Models) -> str:
        models.preload()
        await async_wait_until(lambda: server.accepted == 1)
        server.hang_up()
        await async_wait_until(lambda: not server.connections)
        return await ask(models)

    assert use_models(body, server.url) == "well"
    assert server.accepted == 2


def test_an_unused_early_connection_is_closed(
    use_models: UseModels, server: ScriptedServer
) -> None:
    async def body(models: Models) -> None:
        models.preload()
        await async_wait_until(lambda: server.accepted == 1)

    use_models(body, server.url)
    assert server.wait_closed()


def test_an_early_connection_still_being_opened_is_given_up_at_once(use_models: UseModels) -> None:
    async def body(models: Models) -> float:
        models.preload()
        await asyncio.sleep(0)
        return time.monotonic()

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        left = use_models(body, f"https://127.0.0.1:{silent.getsockname()[1]}/v1")
        assert prompt(left, 5)  # a handshake would be waited for 20 seconds


def test_an_early_connection_in_its_handshake_is_closed(use_models: UseModels) -> None:
    accepted: list[socket.socket] = []

    async def body(models: Models) -> None:
        models.preload()
        connection, _ = await asyncio.to_thread(silent.accept)
        accepted.append(connection)
        connection.settimeout(20)
        await asyncio.to_thread(connection.recv, 1)  # the beginning of its greeting

    with socket.socket() as silent:
        silent.settimeout(20)
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        use_models(body, f"https://127.0.0.1:{silent.getsockname()[1]}/v1")
    with accepted[0] as connection:
        while connection.recv(1 << 12):
            pass


def test_a_failed_early_connection_is_reported_by_the_first_request(use_models: UseModels) -> None:
    async def body(models: Models) -> None:
        models.preload()
        await ask(models)

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens
        with pytest.raises(Exception, match="onnection") as raised:
            use_models(body, f"http://127.0.0.1:{nobody.getsockname()[1]}/v1")
    assert "refused the connection" in classify(raised.value).message


def test_no_early_connection_is_opened_past_a_proxy(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert asyncio.run(connect(server.url.replace("127.0.0.1", "models.example"))) is None

    async def opened() -> bool:
        stream = await connect(server.url)
        assert stream is not None
        await stream.aclose()
        return True

    assert asyncio.run(opened())  # it is on this machine


def test_no_early_connection_is_opened_without_a_key(use_models: UseModels) -> None:
    async def body(models: Models) -> None:
        models.preload()
        assert not models.context.early

    use_models(body)
