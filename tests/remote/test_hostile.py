"""What a hostile server answers: it is told to be that, and reaches no terminal, path or log."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from catagent.cli.serving import on_server
from catagent.config import load, secrets_of
from catagent.errors import CatagentError, NetworkError, UsageError
from catagent.remote import connections, threads
from catagent.remote.address import Address
from catagent.remote.assistants import assistants
from catagent.remote.stream import RemoteRun
from tests.support.langgraph_server import RUN, Answer, Asked, LangGraphServer, streamed


def address_of(url: str) -> Address:
    """The address of an agent there."""
    address = Address.parse(url)
    assert address
    return address


def asked_of(answer: Answer, ask: Callable[..., Any], keys: str = "") -> Any:
    """What comes of asking a server that answers everything so."""
    loaded = load({}, {"CATAGENT_SERVER_KEYS": keys})
    with LangGraphServer(lambda _: answer) as server:
        return on_server(address_of(f"{server.url}/agent"), loaded, ask)


ASKED = [
    partial(assistants, address=Address("http://127.0.0.1:1", "agent")),
    threads.listed,
    partial(threads.found, wanted="mine"),
    partial(threads.made, name="mine"),
    partial(threads.require_waiting, thread_id=RUN, ids={"1"}),
]


@pytest.mark.parametrize("content", [[1, None], [{"metadata": [1]}], "text", 7, {"a": [1]}])
@pytest.mark.parametrize("ask", ASKED)
def test_an_answer_of_any_form_is_the_server_s_error(ask: Callable[..., Any], content: Any) -> None:
    with pytest.raises(CatagentError) as raised:
        asked_of(Answer(content), ask)
    assert isinstance(raised.value, NetworkError | UsageError)


def test_a_thread_whose_id_leads_elsewhere_is_none() -> None:
    told = [{"thread_id": each} for each in ("../assistants/x", "a?b", "..", "a\x1bb", "my thread")]
    assert [each.id for each in asked_of(Answer(told), threads.listed)] == ["my thread"]
    assert asked_of(Answer(told), partial(threads.found, wanted="mine")) is None


@pytest.mark.parametrize("place", ["/threads/t/runs/\x1b]0;x\x07", "/threads/t/runs/../../x?", ""])
def test_a_run_is_called_only_what_is_an_id(place: str) -> None:
    def script(asked: Asked) -> Answer | None:
        if not asked.creates:
            return None
        answer = streamed([("metadata", {"run_id": RUN}, "1-0"), ("end", None, "1-1")])
        answer.headers = {"Content-Location": place}
        return answer

    async def started(client: Any) -> str:
        run = RemoteRun(client, RUN, body={"assistant_id": "agent"}, is_new=True)
        await run.start()
        return run.run_id

    with LangGraphServer(script) as server:
        found = on_server(address_of(f"{server.url}/agent"), load({}, {}), started)
    assert found == RUN


def test_a_login_that_a_server_says_again_as_it_was_sent_is_masked() -> None:
    address = address_of("http://ann:open-sesame@127.0.0.1/agent")
    assert address.basic in address.secrets
    load({"agent": "http://ann:open-sesame@127.0.0.1/agent"}, {})
    assert {"open-sesame", address.basic} <= set(secrets_of())
    load({}, {})
    assert "open-sesame" not in secrets_of()


@pytest.mark.parametrize("key", ["two words here", "Bearer  two words here", "two words here "])
def test_a_key_with_white_space_is_masked_to_its_end(key: str) -> None:
    assert "two words here" in secrets_of({"CATAGENT_SERVER_KEYS": f"h={key},g=another-key"})


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_LARGEST", 3000)
    with pytest.raises(NetworkError, match="larger than 128 MB"):
        asked_of(Answer(["x" * 4000], status), threads.listed)


def test_a_key_that_no_header_takes_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError) as raised:
        asked_of(Answer([]), threads.listed, "127.0.0.1=schl\xfcssel-1234")
    assert "schl" not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize("there", ["http://127.0.0.1:1/x", "http://[bad", "//\x1b[0m@host"])
def test_a_redirect_anywhere_is_followed_nowhere(there: str) -> None:
    with pytest.raises(NetworkError, match=r"redirects to .* Nothing was sent there"):
        asked_of(Answer({}, 307, headers={"Location": there}), threads.listed, "127.0.0.1=key")
