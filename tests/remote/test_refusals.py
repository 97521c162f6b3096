"""What a server refuses, and how a connection fails: whose error it is, and what to do next."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import httpx
import pytest
import trustme

from catagent.config import load
from catagent.errors import CatagentError, CredentialsError, NetworkError, UsageError
from catagent.remote import client as clients
from catagent.remote.address import Address
from catagent.remote.client import open_client
from tests.support import tls
from tests.support.cli import catagent, environment
from tests.support.langgraph_server import Answer, LangGraphServer


def refusal(url: str) -> CatagentError:
    """The error of a first request to this address."""
    address = Address.parse(url)
    assert address

    async def ask() -> None:
        async with open_client(address, load({}, {})) as client:
            await client.threads.create()

    with pytest.raises(CatagentError) as raised:
        asyncio.run(ask())
    return raised.value


PAGE = "<html><head><style>a{}</style></head><body><h1>Not what you want</h1></body></html>"


@pytest.mark.parametrize(
    ("answer", "kind", "message", "hint"),
    [
        (Answer({"detail": "no key"}, 401), CredentialsError, "wants a key, or", "127.0.0.1=KEY"),
        (Answer({"detail": "not you"}, 403), CredentialsError, "denies access (HTTP 403): not", ""),
        (Answer({"message": "gone"}, 404), UsageError, "no such thing (HTTP 404): gone", "agents "),
        (Answer(PAGE.encode(), 404, "text/html"), UsageError, "404): Not what you want", "agents"),
        (Answer({"detail": "busy"}, 409), UsageError, "busy", "running in this thread"),
        (
            Answer({"detail": [{"loc": ["body", "input"], "msg": "Field required"}]}, 422),
            UsageError,
            "does not accept the request (HTTP 422): body.input: Field required",
            "",
        ),
        (Answer({"detail": "slow down"}, 429), NetworkError, "too many requests", "ask less"),
        (Answer({"detail": "KeyError: 'x'"}, 500), NetworkError, "failed (HTTP 500): KeyEr", "log"),
        (Answer(PAGE.encode(), 200, "text/html"), NetworkError, "answers with text/html", "LangGr"),
        (Answer(b"{not", 200), NetworkError, "sent what is not JSON", "LangGraph API"),
        (
            Answer({}, 302, headers={"Location": "/b"}),
            NetworkError,
            "Nothing was sent there",
            "you",
        ),
        (Answer(b"{}", is_cut=True), NetworkError, "broke off", "LangGraph API"),
    ],
)
def test_what_a_server_refuses_is_said_in_its_words_and_with_what_to_do(
    answer: Answer, kind: type[CatagentError], message: str, hint: str
) -> None:
    with LangGraphServer(lambda _: answer) as server:
        error = refusal(f"{server.url}/agent")
    assert type(error) is kind
    assert message in error.message
    assert hint in error.hint


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def test_no_server_and_no_such_name_are_told_apart() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    refused = refusal(f"{address}/agent")
    assert f"{address} refused the connection" in refused.message
    unknown = refusal("http://nowhere.invalid/agent")
    assert "The name nowhere.invalid was not found" in unknown.message
    assert {type(refused), type(unknown)} == {NetworkError}


def test_no_secure_connection_says_what_it_needs() -> None:
    with LangGraphServer(lambda _: None) as server:
        plain = refusal(f"{server.url.replace('http', 'https')}/agent")
    assert "No secure connection" in plain.message
    assert "SSL_CERT_FILE" in plain.hint


def test_certificates_that_are_trusted_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with LangGraphServer(lambda _: Answer({}, 500), tls=tls.certified(authority)) as server:
        assert "certificate verify failed" in refusal(f"{server.url}/agent").message
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert "HTTP 500" in refusal(f"{server.url}/agent").message


def test_a_server_that_never_answers_is_waited_for_no_longer_than_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clients, "_TIMEOUT", httpx.Timeout(0.2))
    done = threading.Event()

    def wait(_: object) -> None:
        done.wait(20)

    with LangGraphServer(wait) as server:
        error = refusal(f"{server.url}/agent")
        done.set()
    assert (type(error), "does not answer" in error.message) == (NetworkError, True)


@pytest.mark.parametrize(
    ("answer", "code"), [(Answer({}, 401), 4), (Answer({}, 500), 1), (Answer([]), 2)]
)
def test_a_refusal_ends_the_command_with_its_exit_code(
    answer: Answer, code: int, tmp_path: Path
) -> None:
    """The last one has no agents, so not the one that is asked either."""
    with LangGraphServer(lambda _: answer) as server:
        done = catagent("agents", f"{server.url}/agent", env=environment(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert "catagent: error: " in done.stderr


@pytest.mark.parametrize(
    ("text", "shown", "base", "graph"),
    [
        ("http://h:1/g", "http://h:1/g", "http://h:1", "g"),
        ("https://u:p@H.x/a/b%20c", "https://***@H.x/a/b%20c", "https://H.x/a", "b c"),
        ("HTTP://[::1]:2024/", "http://[::1]:2024", "http://[::1]:2024", ""),
        ("http://h", "http://h", "http://h", ""),
        ("http://h/a/b/", "http://h/a/b", "http://h/a/b", ""),
    ],
)
def test_an_address_is_a_server_and_a_graph(text: str, shown: str, base: str, graph: str) -> None:
    address = Address.parse(text)
    assert address
    assert (str(address), address.base, address.graph) == (shown, base, graph)
    assert "p@" not in repr(address)


@pytest.mark.parametrize(
    "text",
    ["http://h:bad/g", "http://", "https://u:pass/word@h/g", "http://h/g?a=1", "http://***@h/g"],
)
def test_an_address_that_is_none_is_said_without_its_password(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        Address.parse(text)
    assert "pass" not in raised.value.message
    assert Address.parse("http.server:agent") is Address.parse("ftp://h/g") is None
