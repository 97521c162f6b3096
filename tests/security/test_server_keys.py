"""Keys of servers, rule by rule: where they are sent, and that they are nowhere shown."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from catagent.config import load
from catagent.errors import CatagentError, UsageError
from catagent.remote.address import Address
from catagent.remote.client import open_client
from catagent.remote.keys import headers_for
from tests.support.cli import catagent, environment
from tests.support.langgraph_server import Answer, Asked, LangGraphServer

KEY = "blue-harbour-7731-quince"  # like no key that has a form
FOUND = {f"{each}_API_KEY": "sdk-would-send-this-0123" for each in ("LANGGRAPH", "LANGSMITH")}


def sent(written: str, address: str) -> dict[str, str]:
    """The headers with which a server at this address is asked, with these keys."""
    found = Address.parse(address)
    assert found
    loaded = load({}, {"CATAGENT_SERVER_KEYS": written, "CATAGENT_HOME": "/nonexistent", **FOUND})
    return headers_for(found, loaded)


@pytest.mark.parametrize(
    ("written", "address", "headers"),
    [
        (f"a.example={KEY}", "https://a.example/cat", {"x-api-key": KEY}),
        (f"A.example = {KEY}", "https://a.EXAMPLE:8443/cat", {"x-api-key": KEY}),
        (f"a.example:99={KEY}", "https://a.example/cat", {}),
        (f"a.example=other,a.example:99={KEY}", "https://a.example:99/", {"x-api-key": KEY}),
        (f"b.example=Bearer {KEY}", "https://b.example/", {"Authorization": f"Bearer {KEY}"}),
        (f"a.example={KEY}", "https://a.example.evil.test/cat", {}),
        (f"a.example={KEY}", "https://evil.test/a.example/cat", {}),
        (f"127.0.0.1={KEY}", "http://127.0.0.1:2024/cat", {"x-api-key": KEY}),
        ("", "http://127.0.0.1:2024/cat", {}),
    ],
)
def test_a_key_is_sent_to_the_host_that_it_was_given_for(
    written: str, address: str, headers: dict[str, str]
) -> None:
    assert sent(written, address) == headers


@pytest.mark.parametrize("address", ["http://a.example/cat", "http://bob:pw123456@b.example/cat"])
def test_neither_key_nor_login_is_sent_over_a_network_in_plain_text(address: str) -> None:
    with pytest.raises(UsageError, match="is not sent over http"):
        sent(f"a.example={KEY}", address)


@pytest.mark.parametrize("written", ["a.example", f"={KEY}", f"a.example={KEY},nothing"])
def test_keys_that_are_none_are_said_without_being_shown(written: str) -> None:
    with pytest.raises(UsageError) as raised:
        sent(written, "https://a.example/cat")
    assert KEY not in f"{raised.value} {raised.value.hint}"


def headers_at(server: LangGraphServer, url: str, **environ: str) -> Any:
    """With which headers a server at an address is really asked."""
    address = Address.parse(url)
    assert address

    async def ask() -> None:
        async with open_client(address, load({}, environ)) as client:
            await client.assistants.search()

    asyncio.run(ask())
    return server.asked[-1].headers


def test_a_server_gets_nothing_that_the_sdk_would_find(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FOUND.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # would get what is for this machine
    with LangGraphServer(lambda _: None) as server:
        headers = headers_at(server, f"{server.url}/agent")
        assert not {"x-api-key", "authorization"} & set(headers)
        assert FOUND["LANGSMITH_API_KEY"] not in str(headers)
        login = headers_at(server, server.url.replace("//", "//bob:p%40ss@"))["authorization"]
    assert login == f"Basic {base64.b64encode(b'bob:p@ss').decode()}"


def test_a_redirect_is_not_followed() -> None:
    with LangGraphServer(lambda _: None) as other:
        moved = Answer(b"", 307, headers={"Location": f"{other.url}/assistants/search"})
        with LangGraphServer(lambda _: moved) as server:
            keys = f"127.0.0.1={KEY}"
            with pytest.raises(CatagentError, match="Nothing was sent there"):
                headers_at(server, f"{server.url}/agent", CATAGENT_SERVER_KEYS=keys)
        assert (len(server.asked), other.asked) == (1, [])


@pytest.mark.parametrize("is_file", [True, False], ids=["config.toml", "environment"])
def test_a_key_and_a_login_that_a_server_repeats_are_shown_and_kept_nowhere(
    tmp_path: Path, is_file: bool
) -> None:
    """Nor are they in what is shown of an address, in the title of a recording, say."""

    def repeat(asked: Asked) -> Answer:
        login = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        return Answer({"detail": f"no: {asked.headers['x-api-key']} of {login}"}, 401)

    env = environment(tmp_path)
    written = f"127.0.0.1={KEY}"
    if is_file:
        (tmp_path / "config").mkdir()
        (tmp_path / "config/config.toml").write_text(f'server_keys = "{written}"')
    else:
        env["CATAGENT_SERVER_KEYS"] = written
    with LangGraphServer(repeat) as server:
        url = server.url.replace("//", "//bob:hunter2hunter2@") + "/agent"
        done = [
            catagent("ask", "--agent", url, "hi there", "--record", "run.jsonl", env=env),
            catagent("agents", url, env=env),
        ]
    kept = [path.read_text() for path in tmp_path.rglob("*.jsonl")]
    shown = "".join((*(each.stdout + each.stderr for each in done), *kept))
    assert [each.returncode for each in done] == [4, 4]
    assert len(kept) >= 1
    assert "wants a key" in shown
    assert "127.0.0.1" in shown
    assert KEY not in shown
    assert "hunter2" not in shown


def test_a_strangers_dotenv_names_neither_a_server_nor_a_key(tmp_path: Path) -> None:
    with LangGraphServer(lambda _: None) as server:
        (tmp_path / ".env").write_text(
            f"CATAGENT_AGENT={server.url}/agent\nCATAGENT_SERVER_KEYS=127.0.0.1={KEY}\n"
        )
        env = environment(tmp_path)
        catagent("ask", "hi there", "-o", "answer", env=env)
        assert server.asked == []
        catagent("agents", server.url, env=env)
        assert "x-api-key" not in server.asked[0].headers
