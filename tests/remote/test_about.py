"""What a server says of itself: not asked for by every run, and not needed for one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from catagent.config import load
from catagent.events import types as ev
from catagent.remote import about
from catagent.run.served import RunServed
from tests.remote.test_served import request
from tests.support.asked import Heard
from tests.support.langgraph_server import RUN, Answer, Asked, LangGraphServer, streamed

SCHEMAS = {"input_schema": {"type": "object", "properties": {"question": {"type": "string"}}}}
OF_ITSELF = ("/info", "/assistants/search", f"/assistants/{RUN}/schemas")


def script(asked: Asked) -> Answer | None:
    if asked.path == "/info":
        return Answer({"detail": "Not Found"}, 404)
    if asked.path.endswith("/schemas"):
        return Answer(SCHEMAS)
    if not asked.creates:
        return None
    root = {"event": "on_chain_start", "run_id": RUN, "name": "agent", "parent_ids": []}
    end = {**root, "event": "on_chain_end", "data": {"output": {"answer": "here"}}}
    parts = [root | {"data": {"input": asked.body["input"]}}, end]
    return streamed([("events", each, f"{n}-0") for n, each in enumerate(parts, 1)])


def ask(server: LangGraphServer) -> ev.RunFinished:
    asked, sink = request(f"{server.url}/agent", "where?"), Heard()
    return asyncio.run(RunServed(asked, load({}, {}), sinks=[sink]).drive())


@pytest.fixture
def server() -> Iterator[LangGraphServer]:
    """One without `/info`."""
    with LangGraphServer(script) as server:
        yield server


def test_runs_soon_after_each_other_ask_a_server_once_what_it_is(
    server: LangGraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = [ask(server), ask(server)]
    assert [end.data.status for end in ends] == ["success", "success"]
    about_it = [asked.path for asked in server.asked if asked.path in OF_ITSELF]
    assert sorted(about_it) == sorted(OF_ITSELF)
    monkeypatch.setattr(about, "_FRESH_S", 0.0)
    ask(server)
    assert [a.path for a in server.asked].count("/assistants/search") == 2


def test_a_server_where_a_run_failed_is_asked_again_what_it_is(server: LangGraphServer) -> None:
    """It may have been started again, with another graph."""
    ask(server)
    server.status, before = "error", len(server.asked)
    server._script = lambda asked: Answer({}, 422) if asked.creates else script(asked)
    assert ask(server).data.status == "error"
    assert OF_ITSELF[1] not in [a.path for a in server.asked[before:]]
    server._script = script
    ask(server)
    assert OF_ITSELF[1] in [a.path for a in server.asked[before:]]
